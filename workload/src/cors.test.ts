/** Requests of pages from other origins (Fetch standard), and OPTIONS and HEAD (RFC 9110, sections 9.3.2 and 9.3.7). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Context } from "mocha";
import { chromium } from "playwright-core";
import { installedChromium } from "./testing/chromium.ts";
import { photograph } from "./testing/photographs.ts";
import { realProcessor, type RealProcessor } from "./routes/testing/real-processor.ts";

const app = "https://app.example.com";

/** The named headers of a response, and its status. */
async function headersOf(url: string, init: RequestInit, names: readonly string[]): Promise<unknown> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  const present = names.filter((name) => response.headers.has(name));
  return { status: response.status, ...Object.fromEntries(present.map((name) => [name, response.headers.get(name)])) };
}

const corsHeaders = [
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
  "timing-allow-origin",
  "vary",
];
const exposed =
  "Accept-Patch, Accept-Post, Allow, ETag, Gpumedia-Frames, Gpumedia-Ice-Transport-Policy, Inference-Header-Content-Length, Link, Location, Retry-After, Server-Timing";

function preflight(origin: string): RequestInit {
  const headers = {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
  };
  return { method: "OPTIONS", headers };
}

function post(origin: string): RequestInit {
  return { method: "POST", headers: { origin, "content-type": "image/jpeg" }, body: photograph("flower") };
}

describe("cors.allowedOrigins", () => {
  let processor: RealProcessor;
  before(async () => {
    const allowedOrigins = [app, "https://*.example.org:8443", "http://localhost:3000"];
    processor = await realProcessor({ workers: 1, cors: { allowedOrigins } });
  });
  after(async () => processor[Symbol.asyncDispose]());

  const origins: Readonly<Record<string, boolean>> = {
    [app]: true,
    "http://localhost:3000": true,
    "https://a.example.org:8443": true,
    "https://a.b.example.org:8443": true,
    "http://app.example.com": false,
    "https://app.example.com.evil.example": false,
    "https://appxexample.com": false,
    "https://example.org:8443": false,
    "https://evil.example/.example.org:8443": false,
    "https://a.example.org": false,
    null: false,
  };
  for (const [origin, allowed] of Object.entries(origins)) {
    it(`${allowed ? "allows" : "does not allow"} ${origin}`, async () => {
      const response = await fetch(`${processor.url}/livez`, { headers: { origin } });
      assert.equal(response.headers.get("access-control-allow-origin"), allowed ? origin : null);
    });
  }

  it("answers a preflight", async () => {
    assert.deepEqual(await headersOf(`${processor.url}/v1/process`, preflight(app), corsHeaders), {
      status: 204,
      "access-control-allow-origin": app,
      "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
      "access-control-allow-headers": "content-type",
      "access-control-expose-headers": exposed,
      "access-control-max-age": "7200",
      vary: "Origin, Access-Control-Request-Headers",
    });
  });

  it("exposes a response, and lets caches keep one for each origin", async () => {
    assert.deepEqual(await headersOf(`${processor.url}/v1/process`, post(app), corsHeaders), {
      status: 200,
      "access-control-allow-origin": app,
      "access-control-expose-headers": exposed,
      "timing-allow-origin": app,
      vary: "Origin, accept",
    });
  });

  const errors: readonly (readonly [path: string, init: RequestInit, status: number])[] = [
    ["/v1/process", { method: "POST", body: "no picture" }, 415],
    ["/v1/process", { method: "POST", body: new Uint8Array(40_000_000) }, 413],
    ["/nowhere", {}, 404],
    ["/v2/models/other", {}, 404],
  ];
  for (const [path, init, status] of errors) {
    it(`lets a page read the ${status} of ${path}`, async () => {
      const found = await headersOf(
        `${processor.url}${path}`,
        { ...init, headers: { origin: app } },
        corsHeaders.slice(0, 1),
      );
      assert.deepEqual(found, { status, "access-control-allow-origin": app });
    });
  }

  it("answers OPTIONS that is no preflight with the methods", async () => {
    const found = await headersOf(`${processor.url}/v1/process`, { method: "OPTIONS" }, ["allow"]);
    assert.deepEqual(found, { status: 204, allow: "POST, OPTIONS" });
  });
});

// What runs in the page is text: its types are the browser's, which are not Node's.
const processInPage = (url: string) => `(async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 20, height: 10 });
  canvas.getContext("2d").fillRect(0, 0, 20, 10);
  const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const response = await fetch("${url}/v1/process", { method: "POST", body: picture });
  const { width, height } = await createImageBitmap(await response.blob());
  const [{ serverTiming }] = performance.getEntriesByName("${url}/v1/process");
  return { width, height, header: response.headers.has("server-timing"), timing: serverTiming.length > 0 };
})()`;

/** What `processInPage` returns on a page whose origin is allowed, or not. */
async function inPage(context: Context, allowed: boolean): Promise<unknown> {
  const executablePath = installedChromium();
  // Only a browser enforces what is tested here; `installedChromium` prints how to get one.
  if (executablePath === undefined) context.skip();
  const site = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>app</title>");
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  await using processor = await realProcessor({ workers: 1, cors: { allowedOrigins: allowed ? [origin] : [app] } });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(origin);
    return await page.evaluate(processInPage(processor.url));
  } finally {
    await browser.close();
    site.closeAllConnections();
    site.close();
  }
}

describe("a page of another origin", () => {
  it("processes a picture and reads its timings, in Chromium", async function (this: Context) {
    const expected = { width: 40, height: 20, header: true, timing: true };
    assert.deepEqual(await inPage(this, true), expected);
  });

  it("gets no response unless its origin is allowed, in Chromium", async function (this: Context) {
    await assert.rejects(inPage(this, false), /Failed to fetch/);
  });
});

describe("all origins", () => {
  it("are allowed by *, with one response for all", async () => {
    await using processor = await realProcessor({ workers: 1, cors: { allowedOrigins: ["*"] } });
    assert.deepEqual(await headersOf(`${processor.url}/v1/process`, post(app), corsHeaders), {
      status: 200,
      "access-control-allow-origin": "*",
      "access-control-expose-headers": exposed,
      "timing-allow-origin": "*",
      vary: "accept",
    });
  });
});

describe("without cors.allowedOrigins", () => {
  let processor: RealProcessor;
  before(async () => {
    processor = await realProcessor({ workers: 1, upstream: { allowedHosts: ["images.example.com"] } });
  });
  after(async () => processor[Symbol.asyncDispose]());

  it("no response has CORS headers", async () => {
    const names = corsHeaders.filter((name) => name !== "vary");
    assert.deepEqual(await headersOf(`${processor.url}/v1/process`, post(app), names), { status: 200 });
    assert.deepEqual(await headersOf(`${processor.url}/v1/process`, preflight(app), names), { status: 204 });
  });

  const acceptPost = "image/jpeg, image/png, image/webp, image/avif, application/octet-stream, multipart/form-data";
  const options: readonly (readonly [path: string, headers: object])[] = [
    ["/v1/process", { status: 204, allow: "POST, GET, HEAD, OPTIONS", "accept-post": acceptPost }],
    ["/livez", { status: 204, allow: "GET, HEAD, OPTIONS" }],
    ["/v2/models/anime4k-2x/infer", { status: 204, allow: "POST, OPTIONS" }],
    ["/nowhere", { status: 404 }],
  ];
  for (const [path, expected] of options) {
    it(`OPTIONS ${path} is answered with the path's methods`, async () => {
      const found = await headersOf(`${processor.url}${path}`, { method: "OPTIONS" }, ["allow", "accept-post"]);
      assert.deepEqual(found, expected);
    });
  }

  for (const path of ["/", "/livez", "/readyz", "/metrics", "/openapi.json", "/v2", "/v2/health/ready"]) {
    it(`HEAD ${path} is answered like GET, without a body`, async () => {
      const head = await fetch(`${processor.url}${path}`, { method: "HEAD" });
      assert.deepEqual([head.status, await head.text()], [200, ""]);
    });
  }
});
