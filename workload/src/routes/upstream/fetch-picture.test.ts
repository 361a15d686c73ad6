/** The fetcher against real servers on loopback, which is an allowed network here; names come from a resolver of ours. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PictureFetcher } from "./fetch-picture.ts";
import type { UpstreamSettings } from "./fetch-picture.ts";

/** Begins as a JPEG does. */
const picture = Buffer.from("\xff\xd8\xff as good as a picture", "latin1");
const never = new AbortController().signal;

interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

async function upstream(listener: RequestListener): Promise<Upstream> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { port: (server.address() as AddressInfo).port, server, [Symbol.asyncDispose]: close };
}

/** A fetcher for which every name resolves to `address`. */
function fetcher(
  port: number,
  settings: Partial<UpstreamSettings> = {},
  address = "127.0.0.1",
): PictureFetcher & AsyncDisposable {
  const fetcher = new PictureFetcher(
    {
      allowedHosts: [`*.example:${port}`, `127.0.0.1:${port}`, `127.0.0.2:${port}`],
      allowedNetworks: ["127.0.0.1/32"],
      connections: 100,
      connectionsPerHost: 30,
      dnsCacheTtlMs: 300_000,
      keepAliveMs: 30_000,
      maxBodyBytes: 1000,
      timeoutMs: 20_000,
      maxWaiting: 100,
      ...settings,
    },
    async () => [{ address, family: 4 }],
  );
  return Object.assign(fetcher, { [Symbol.asyncDispose]: () => fetcher.close() });
}

function answer(response: ServerResponse, body: Buffer = picture): void {
  response.writeHead(200, { "content-type": "image/jpeg", "content-length": body.length }).end(body);
}

function send(status: number, headers: Record<string, string> = {}, body: Buffer | string = ""): RequestListener {
  return (_, response) => response.writeHead(status, headers).end(body);
}

describe("fetching a picture from upstream", () => {
  it("returns the bytes, and forwards nothing of the client", async () => {
    const requests: IncomingMessage[] = [];
    await using host = await upstream((request, response) => {
      requests.push(request);
      answer(response);
    });
    await using pictures = fetcher(host.port);
    assert.deepEqual(await pictures.fetch(`http://a.example:${host.port}/x.jpg?w=1#top`, never), picture);
    assert.deepEqual(
      requests.map(({ url, headers }) => ({ url, headers })),
      [
        {
          url: "/x.jpg?w=1",
          headers: {
            host: `a.example:${host.port}`,
            connection: "keep-alive",
            accept: "image/jpeg, image/png, image/webp, */*;q=0.1",
            "accept-encoding": "identity",
            "user-agent": "gpumedia",
          },
        },
      ],
    );
  });

  it("follows redirects to hosts that are allowed", async () => {
    await using host = await upstream((request, response) => {
      if (request.url === "/picture") return answer(response);
      const next = request.url === "/1" ? `http://b.example:${host.port}/2` : "picture";
      return response.writeHead(302, { location: next }).end();
    });
    await using pictures = fetcher(host.port);
    assert.deepEqual(await pictures.fetch(`http://a.example:${host.port}/1`, never), picture);
  });

  // thumbor#131: object stores and generic servers do not know the type of what they serve.
  const png = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  for (const type of [
    undefined,
    "text/plain",
    "text/plain; charset=utf-8",
    "binary/octet-stream",
    "application/json",
  ]) {
    it(`takes a picture of ${type === undefined ? "no type" : `type ${type}`} by its bytes, in however small pieces it comes`, async () => {
      await using host = await upstream((_, response) => {
        response.writeHead(200, type === undefined ? {} : { "content-type": type });
        response.write(png.subarray(0, 3), () => setTimeout(() => response.end(png.subarray(3)), 5));
      });
      await using pictures = fetcher(host.port);
      assert.deepEqual(await pictures.fetch(`http://a.example:${host.port}/`, never), png);
    });
  }

  it("does not read on when the first bytes are not those of a picture", async () => {
    const closed = Promise.withResolvers<void>();
    await using host = await upstream((_, response) => {
      response.on("close", closed.resolve);
      response.writeHead(200, { "content-type": "text/html" }).write(`<html>${" ".repeat(600)}`);
    });
    await using pictures = fetcher(host.port);
    await assert.rejects(pictures.fetch(`http://a.example:${host.port}/`, never), {
      code: "upstream-not-an-image",
      message:
        'the host sent text/html; the body starts with "<html>  ", as no picture does: expected JPEG, PNG, WebP or AVIF',
    });
    await closed.promise;
  });

  // Type and bytes disagree often: an error page in place of a picture, or a picture from a store that knows no types.
  const types = [undefined, "image/jpeg", "image/gif", "image/svg+xml", "text/html", "application/octet-stream"];
  const comment = `<!-- ${"a".repeat(100)} -->`;
  const others: readonly (readonly [what: string, bytes: string, code: string, message: RegExp])[] = [
    ["GIF", "GIF89a\x01\0\x01\0", "unsupported-format", /^the picture is a GIF: expected JPEG,/],
    ["TIFF", "II*\0\x08\0\0\0", "unsupported-format", /^the picture is a TIFF:/],
    ["BigTIFF", "MM\0+\0\x08\0\0", "unsupported-format", /^the picture is a TIFF:/],
    ["BMP", `BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0`, "unsupported-format", /^the picture is a BMP:/],
    ["JPEG XL", "\xff\x0a\0", "unsupported-format", /^the picture is JPEG XL:/],
    ["HEIC", "\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf", "unsupported-format", /^the picture is HEIC, whose codec/],
    ["HEIF", "\0\0\0\x18ftypavci\0\0\0\0mif1avci", "unsupported-format", /^the picture is HEIF of the kind "avci":/],
    ["SVG", `<?xml version="1.0"?>${comment}${comment}<svg/>`, "unsupported-format", /^the picture is an SVG:/],
    ["page", "<!doctype html><p><svg></svg>", "upstream-not-an-image", /; the body starts with "<!doctyp", as no/],
    ["text", "BMW builds cars in Munich", "upstream-not-an-image", /; the body starts with "BMW buil", as no picture/],
    ["video", "\0\0\0\x18ftypmp42\0\0\0\0isommp42", "upstream-not-an-image", /; the body is a video or another/],
    ["PDF", "%PDF-1.7", "upstream-not-an-image", /; the body is a PDF: expected JPEG,/],
    ["empty body", "", "upstream-not-an-image", /; the body is empty$/],
  ];
  for (const type of types) {
    for (const [what, bytes, code, message] of others) {
      it(`answers ${code} for the bytes of a ${what}, labelled ${type ?? "with no type"}`, async () => {
        const headers = type === undefined ? {} : { "content-type": type };
        await using host = await upstream(send(200, headers, Buffer.from(bytes, "latin1")));
        await using pictures = fetcher(host.port);
        await assert.rejects(pictures.fetch(`http://a.example:${host.port}/`, never), { code, message });
      });
    }
  }

  const cases: readonly (readonly [
    name: string,
    host: RequestListener,
    code: string,
    settings?: Partial<UpstreamSettings>,
  ])[] = [
    ["a missing picture", send(404), "upstream-not-found"],
    ["an error of the host", send(500), "upstream-refused"],
    ["an unrequested 304", send(304), "upstream-refused"],
    ["part of a picture", send(206, { "content-type": "image/png" }, picture), "upstream-refused"],
    ["a page", send(200, { "content-type": "text/html" }, "<p>"), "upstream-not-an-image"],
    ["a page without a type", send(200, {}, "<p>"), "upstream-not-an-image"],
    ["an archive", send(200, { "content-type": "application/zip" }, "PK\x03\x04"), "upstream-not-an-image"],
    ["an empty response", send(200, { "content-type": "text/plain" }), "upstream-not-an-image"],
    [
      "a compressed response",
      send(200, { "content-type": "image/png", "content-encoding": "gzip" }, picture),
      "upstream-not-an-image",
    ],
    ["a Content-Length over the limit", (_, response) => answer(response, Buffer.alloc(1001)), "upstream-too-large"],
    [
      "endless chunks",
      (_, response) => {
        response.writeHead(200, { "content-type": "image/jpeg" });
        response.write(picture);
        const more = (): void => void response.write(Buffer.alloc(500), more);
        response.on("close", () => response.destroy());
        more();
      },
      "upstream-too-large",
    ],
    ["endless redirects", send(302, { location: "/again" }), "too-many-redirects"],
    ["a redirect to the metadata service", send(302, { location: "http://169.254.169.254/" }), "redirect-not-allowed"],
    ["a redirect to nowhere", send(302), "upstream-refused"],
    ["no response", () => undefined, "upstream-timeout", { timeoutMs: 50 }],
    [
      "an incomplete response",
      (_, response) => void response.writeHead(200, { "content-type": "image/jpeg" }).write("a"),
      "upstream-timeout",
      { timeoutMs: 50 },
    ],
    ["a host that closes the connection", ({ socket }) => void socket.destroy(), "upstream-unreachable"],
    [
      "a picture cut off in the middle",
      ({ socket }, response) => {
        response.writeHead(200, { "content-type": "image/jpeg", "content-length": 100 });
        response.write("a", () => socket.destroy());
      },
      "upstream-unreachable",
    ],
    ["endless headers", send(200, { "content-type": "image/jpeg", x: "y".repeat(20_000) }), "upstream-unreachable"],
  ];
  for (const [name, listener, code, settings] of cases) {
    it(`${name}: ${code}`, async () => {
      await using host = await upstream(listener);
      await using pictures = fetcher(host.port, settings);
      await assert.rejects(pictures.fetch(`http://a.example:${host.port}/x`, never), { name: "HttpProblem", code });
    });
  }

  const forbidden: readonly (readonly [name: string, url: (port: number) => string, code: string, address?: string])[] =
    [
      [
        "a name that resolves to an address inside",
        (port) => `http://a.example:${port}/`,
        "address-not-allowed",
        "127.0.0.2",
      ],
      [
        "an address inside, although its host is on the list",
        (port) => `http://127.0.0.2:${port}/`,
        "address-not-allowed",
      ],
      ["a host that is not on the list", (port) => `http://a.test:${port}/`, "host-not-allowed"],
    ];
  for (const [name, url, code, address] of forbidden) {
    it(`${name}: ${code}, without a connection`, async () => {
      // On all of loopback, so that a connection to 127.0.0.2 would be seen.
      const server = createServer(() => assert.fail("requested")).listen(0, "0.0.0.0");
      server.on("connection", () => assert.fail("connected"));
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      await using pictures = fetcher(port, {}, address);
      await assert.rejects(pictures.fetch(url(port), never), { code });
      server.close();
    });
  }

  it("resolves a name once for the check and the connection, and checks the next connection anew", async () => {
    await using host = await upstream((_, response) => {
      response.setHeader("connection", "close");
      answer(response);
    });
    const answers = ["127.0.0.1", "127.0.0.2"];
    const settings = {
      allowedHosts: [`a.example:${host.port}`],
      allowedNetworks: ["127.0.0.1/32"],
      connections: 1,
      connectionsPerHost: 1,
    };
    const limits = { dnsCacheTtlMs: 0, keepAliveMs: 30_000, maxBodyBytes: 1000, timeoutMs: 20_000, maxWaiting: 1 };
    const rebinding = async () => [{ address: answers.shift() ?? assert.fail("resolved once too often"), family: 4 }];
    const pictures = new PictureFetcher({ ...settings, ...limits }, rebinding);
    assert.deepEqual(await pictures.fetch(`http://a.example:${host.port}/`, never), picture);
    assert.deepEqual(answers, ["127.0.0.2"]);
    await assert.rejects(pictures.fetch(`http://a.example:${host.port}/`, never), { code: "address-not-allowed" });
    await pictures.close();
  });

  it("keeps to the connections of one host, and uses them again", async () => {
    let [connections, active, most] = [0, 0, 0];
    await using host = await upstream((_, response) => {
      most = Math.max(most, ++active);
      setTimeout(() => {
        active--;
        answer(response);
      }, 2);
    });
    host.server.on("connection", () => connections++);
    await using pictures = fetcher(host.port, { connectionsPerHost: 3 });
    const url = `http://a.example:${host.port}/`;
    const all = await Promise.all(Array.from({ length: 30 }, () => pictures.fetch(url, never)));
    assert.deepEqual({ answered: all.length, most, connections }, { answered: 30, most: 3, connections: 3 });
  });

  it("drops the request when the client disconnects", async () => {
    const client = new AbortController();
    const { promise: broken, resolve } = Promise.withResolvers<void>();
    await using host = await upstream((request) => {
      request.socket.on("close", () => resolve());
      client.abort(new Error("client gone"));
    });
    await using pictures = fetcher(host.port);
    await assert.rejects(pictures.fetch(`http://a.example:${host.port}/`, client.signal), /client gone/);
    await broken;
  });
});
