import assert from "node:assert/strict";
import { request } from "node:http";
import { Gauge, Registry } from "prom-client";
import { FakeClock } from "./clock.fake.ts";
import { startEndpoints, reconcilesFinish, type Check, type EndpointOptions, type Endpoints } from "./health.ts";
import { WorkQueue } from "./queue.ts";

const loopback = { host: "127.0.0.1", port: 0 };
const well: Check = { name: "event-loop", problem: () => undefined };
const unsynced: Check = { name: "caches", problem: () => "not listed yet: Pod, Node" };

interface Answer {
  readonly status: number | undefined;
  readonly allow?: string | undefined;
  readonly type: string | undefined;
  readonly length: string | undefined;
  readonly body: string;
}

function ask(base: string | undefined, path: string, method = "GET"): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(`${base}${path}`, { method, agent: false }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    response.on("end", () => {
      const { allow, "content-type": type, "content-length": length } = response.headers;
      resolve({ status: response.statusCode, type, length, body, ...(allow === undefined ? {} : { allow }) });
    });
  });
  sent.on("error", reject).end();
  return promise;
}

describe("the endpoints", () => {
  const open: Endpoints[] = [];
  async function start(options: Partial<EndpointOptions>): Promise<Endpoints> {
    const registry = new Registry();
    new Gauge({ name: "answer", help: "to everything", registers: [registry] }).set(42);
    const defaults = { health: loopback, metrics: "off" as const, live: [well], ready: [well], registry };
    const endpoints = await startEndpoints({ ...defaults, ...options });
    open.push(endpoints);
    return endpoints;
  }
  afterEach(async () => void (await Promise.all(open.splice(0).map((endpoints) => endpoints.close()))));

  const plain = "text/plain; charset=utf-8";
  const cases: readonly { what: string; path: string; method?: string; answer: Omit<Answer, "length"> }[] = [
    {
      what: "a check that passes",
      path: "/livez",
      answer: { status: 200, type: plain, body: "[+]event-loop ok\nlivez check passed\n" },
    },
    {
      what: "a check that fails, by name and reason",
      path: "/readyz",
      answer: {
        status: 503,
        type: plain,
        body: "[+]event-loop ok\n[-]caches: not listed yet: Pod, Node\nreadyz check failed\n",
      },
    },
    {
      what: "a query, as kubelets and people add them",
      path: "/livez?verbose",
      answer: { status: 200, type: plain, body: "[+]event-loop ok\nlivez check passed\n" },
    },
    { what: "HEAD", path: "/livez", method: "HEAD", answer: { status: 200, type: plain, body: "" } },
    {
      what: "POST",
      path: "/livez",
      method: "POST",
      answer: { status: 405, type: plain, body: "GET or HEAD only\n", allow: "GET, HEAD" },
    },
    {
      what: "an unknown path",
      path: "/",
      answer: { status: 404, type: plain, body: "not found; there is /livez, /readyz\n" },
    },
    {
      what: "a path that every object has",
      path: "/constructor",
      answer: { status: 404, type: plain, body: "not found; there is /livez, /readyz\n" },
    },
    {
      what: "metrics, which are elsewhere",
      path: "/metrics",
      answer: { status: 404, type: plain, body: "not found; there is /livez, /readyz\n" },
    },
  ];
  for (const { what, path, method, answer } of cases) {
    it(`answer ${what}`, async () => {
      const { urls } = await start({ ready: [well, unsynced] });
      const { length: _length, ...found } = await ask(urls.health, path, method);
      assert.deepEqual(found, answer);
    });
  }

  it("say in a HEAD how long the GET would be", async () => {
    const { urls } = await start({});
    const [head, get] = [await ask(urls.health, "/livez", "HEAD"), await ask(urls.health, "/livez")];
    assert.deepEqual([head.length, head.length], [get.length, String(Buffer.byteLength(get.body))]);
  });

  it("serve metrics on an address of their own", async () => {
    const { urls } = await start({ metrics: { host: "127.0.0.2", port: 0 } });
    assert.notEqual(urls.health, urls.metrics);
    const { status, type, body } = await ask(urls.metrics, "/metrics");
    assert.deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
    assert.match(body, /^answer 42$/m);
    assert.equal((await ask(urls.metrics, "/livez")).status, 404);
  });

  it("serve all on one address when both are the same", async () => {
    const { urls } = await start({ health: { ...loopback }, metrics: { ...loopback } });
    assert.equal(urls.health, urls.metrics);
    const statuses = ["/livez", "/readyz", "/metrics"].map(async (path) => (await ask(urls.health, path)).status);
    assert.deepEqual(await Promise.all(statuses), [200, 200, 200]);
  });

  it("can be switched off one by one", async () => {
    const { urls } = await start({ health: "off", metrics: "off" });
    assert.deepEqual(urls, {});
  });

  it("answer 500 when a check itself breaks, and live on", async () => {
    const broken: Check = {
      name: "broken",
      problem() {
        throw new TypeError("x is undefined");
      },
    };
    const { urls } = await start({ live: [broken] });
    const { status, body } = await ask(urls.health, "/livez");
    assert.deepEqual([status, body], [500, "TypeError: x is undefined\n"]);
    assert.equal((await ask(urls.health, "/readyz")).status, 200);
  });

  it("can be called by the printed URL also when bound to all addresses", async () => {
    const { urls } = await start({ health: { port: 0 } });
    assert.match(urls.health ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await ask(urls.health, "/livez")).status, 200);
  });

  it("say which address is taken, and keep no other", async () => {
    const [holder, leaver] = [await start({}), await start({})];
    const taken = { host: "127.0.0.1", port: Number(new URL(holder.urls.health ?? "").port) };
    const free = { host: "127.0.0.1", port: Number(new URL(leaver.urls.health ?? "").port) };
    await leaver.close();
    open.splice(open.indexOf(leaver), 1);
    await assert.rejects(start({ health: free, metrics: taken }), { code: "EADDRINUSE", port: taken.port });
    assert.equal((await start({ health: free })).urls.health, `http://127.0.0.1:${free.port}`);
  });

  it("close at once, whoever holds a connection open", async () => {
    const endpoints = await start({});
    const idle = request(`${endpoints.urls.health}/livez`, { method: "GET" });
    idle.on("error", () => {}).flushHeaders();
    await ask(endpoints.urls.health, "/livez");
    await endpoints.close();
    open.splice(0);
    await assert.rejects(ask(endpoints.urls.health, "/livez"), { code: "ECONNREFUSED" });
  });
});

describe("reconcilesFinish", () => {
  it("names visits that take longer than allowed, and none that merely wait", async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue(clock);
    const check = reconcilesFinish(queue, 10 * 60_000);
    queue.add("media/stuck", "edit");
    queue.add("media/waiting", "edit");
    queue.take();
    await clock.advance(10 * 60_000);
    assert.equal(check.problem(), undefined);
    await clock.advance(60_000);
    assert.equal(check.problem(), "visits that do not end: media/stuck for 11 min");
    queue.done("media/stuck");
    assert.equal(check.problem(), undefined);
  });
});
