import assert from "node:assert/strict";
import { request } from "node:http";
import { Gauge, Registry } from "prom-client";
import * as undici from "undici";
import { FakeClock } from "./clock.fake.ts";
import { startEndpoints, reconcilesFinish, type Check, type EndpointOptions, type Endpoints } from "./health.ts";
import { WorkQueue } from "./queue.ts";

const loopback = { host: "127.0.0.1", port: 0 };
const healthy: Check = { name: "event-loop", problem: () => undefined };
const unsynced: Check = { name: "caches", problem: () => "not synced: Pod, Node" };

interface Response {
  readonly status: number | undefined;
  readonly allow?: string | undefined;
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly body: string;
}

async function send(
  base: string | undefined,
  path: string,
  method: "GET" | "HEAD" | "POST" = "GET",
): Promise<Response> {
  const { statusCode: status, headers, body } = await undici.request(`${base}${path}`, { method, reset: true });
  const { allow, "content-type": type, "content-length": length } = headers as Record<string, string>;
  return { status, type, length, body: await body.text(), ...(allow === undefined ? {} : { allow }) };
}

describe("the endpoints", () => {
  const open: Endpoints[] = [];
  async function start(options: Partial<EndpointOptions>): Promise<Endpoints> {
    const registry = new Registry();
    new Gauge({ name: "answer", help: "to everything", registers: [registry] }).set(42);
    const defaults = { health: loopback, metrics: "off" as const, live: [healthy], ready: [healthy], registry };
    const endpoints = await startEndpoints({ ...defaults, ...options });
    open.push(endpoints);
    return endpoints;
  }
  afterEach(async () => void (await Promise.all(open.splice(0).map((endpoints) => endpoints.close()))));

  const plain = "text/plain; charset=utf-8";
  const cases: Readonly<
    Record<string, { path: string; method?: "HEAD" | "POST"; expected: Omit<Response, "length"> }>
  > = {
    "a check that passes": {
      path: "/livez",
      expected: { status: 200, type: plain, body: "[+]event-loop ok\nlivez check passed\n" },
    },
    "a check that fails, with name and reason": {
      path: "/readyz",
      expected: {
        status: 503,
        type: plain,
        body: "[+]event-loop ok\n[-]caches: not synced: Pod, Node\nreadyz check failed\n",
      },
    },
    "a path with a query": {
      path: "/livez?verbose",
      expected: { status: 200, type: plain, body: "[+]event-loop ok\nlivez check passed\n" },
    },
    HEAD: { path: "/livez", method: "HEAD", expected: { status: 200, type: plain, body: "" } },
    POST: {
      path: "/livez",
      method: "POST",
      expected: { status: 405, type: plain, body: "only GET and HEAD are allowed\n", allow: "GET, HEAD" },
    },
    "an unknown path": {
      path: "/",
      expected: { status: 404, type: plain, body: "not found; available: /livez, /readyz\n" },
    },
    "the name of a property that every object inherits": {
      path: "/constructor",
      expected: { status: 404, type: plain, body: "not found; available: /livez, /readyz\n" },
    },
    "metrics, which have another address": {
      path: "/metrics",
      expected: { status: 404, type: plain, body: "not found; available: /livez, /readyz\n" },
    },
  };
  for (const [what, { path, method, expected }] of Object.entries(cases)) {
    it(`answer ${what}`, async () => {
      const { urls } = await start({ ready: [healthy, unsynced] });
      const { length: _length, ...response } = await send(urls.health, path, method);
      assert.deepEqual(response, expected);
    });
  }

  it("answer HEAD with the content-length of GET", async () => {
    const { urls } = await start({});
    const [head, get] = [await send(urls.health, "/livez", "HEAD"), await send(urls.health, "/livez")];
    assert.deepEqual([head.length, head.length], [get.length, String(Buffer.byteLength(get.body))]);
  });

  it("serve metrics on a separate address", async () => {
    const { urls } = await start({ metrics: { host: "127.0.0.2", port: 0 } });
    assert.notEqual(urls.health, urls.metrics);
    const { status, type, body } = await send(urls.metrics, "/metrics");
    assert.deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
    assert.match(body, /^answer 42$/m);
    assert.equal((await send(urls.metrics, "/livez")).status, 404);
  });

  it("serve everything on one address when both are the same", async () => {
    const { urls } = await start({ health: { ...loopback }, metrics: { ...loopback } });
    assert.equal(urls.health, urls.metrics);
    const statuses = ["/livez", "/readyz", "/metrics"].map(async (path) => (await send(urls.health, path)).status);
    assert.deepEqual(await Promise.all(statuses), [200, 200, 200]);
  });

  it("can be switched off", async () => {
    const { urls } = await start({ health: "off", metrics: "off" });
    assert.deepEqual(urls, {});
  });

  it("answer 500 when a check throws, and keep serving", async () => {
    const broken: Check = {
      name: "broken",
      problem() {
        throw new TypeError("x is undefined");
      },
    };
    const { urls } = await start({ live: [broken] });
    const { status, body } = await send(urls.health, "/livez");
    assert.deepEqual([status, body], [500, "TypeError: x is undefined\n"]);
    assert.equal((await send(urls.health, "/readyz")).status, 200);
  });

  it("return a reachable URL when bound to all addresses", async () => {
    const { urls } = await start({ health: { port: 0 } });
    assert.match(urls.health ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await send(urls.health, "/livez")).status, 200);
  });

  it("report an address in use and its flag, and leave no other bound", async () => {
    const [holder, leaver] = [await start({}), await start({})];
    const taken = { host: "127.0.0.1", port: Number(new URL(holder.urls.health ?? "").port) };
    const free = { host: "127.0.0.1", port: Number(new URL(leaver.urls.health ?? "").port) };
    await leaver.close();
    open.splice(open.indexOf(leaver), 1);
    await assert.rejects(start({ health: free, metrics: taken }), {
      name: "ListenError",
      message: `cannot listen on 127.0.0.1:${taken.port} for --metrics-address: the port is in use; choose another address, or 0 to disable`,
    });
    assert.equal((await start({ health: free })).urls.health, `http://127.0.0.1:${free.port}`);
  });

  it("close immediately, although a client holds a connection open", async () => {
    const endpoints = await start({});
    const idle = request(`${endpoints.urls.health}/livez`, { method: "GET" });
    idle.on("error", () => {}).flushHeaders();
    await send(endpoints.urls.health, "/livez");
    await endpoints.close();
    open.splice(0);
    await assert.rejects(send(endpoints.urls.health, "/livez"), { code: "ECONNREFUSED" });
  });
});

describe("reconcilesFinish", () => {
  it("names reconciles that run too long, but no queued keys", async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue(clock);
    const check = reconcilesFinish(queue, 10 * 60_000);
    queue.add("media/stuck", "edit");
    queue.add("media/waiting", "edit");
    queue.take();
    await clock.advance(10 * 60_000);
    assert.equal(check.problem(), undefined);
    await clock.advance(60_000);
    assert.equal(check.problem(), "reconciles do not finish: media/stuck for 11 min");
    queue.done("media/stuck");
    assert.equal(check.problem(), undefined);
  });
});
