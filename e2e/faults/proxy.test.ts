import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import type { ApiError } from "@gpumedia/operator/src/kube/errors.ts";
import { createTransport, type Transport } from "@gpumedia/operator/src/kube/transport.ts";
import { emptyAnswer, refusal, type WatchFault } from "./fault.ts";
import { startFaultProxy, type AnsweredWrite, type FaultProxy } from "./proxy.ts";

const pods = "/api/v1/namespaces/media/pods";
const line = (name: string): string => `{"type":"ADDED","object":{"metadata":{"name":"${name}"}}}\n`;

async function authorization(): Promise<string> {
  return "Bearer upstream";
}

/** A test server, a proxy in front of it, and a client of the proxy. */
class ProxiedServer implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly transport: Transport;
  readonly #stop: () => Promise<void>;

  static async open(listener: RequestListener): Promise<ProxiedServer> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const proxy = await startFaultProxy({ server: `http://127.0.0.1:${port}/base`, tls: {}, authorization });
    return new ProxiedServer(proxy, async () => {
      server.closeAllConnections();
      server.close();
    });
  }

  private constructor(proxy: FaultProxy, stop: () => Promise<void>) {
    this.proxy = proxy;
    this.transport = createTransport(proxy.connection, { userAgent: "test", timeoutMs: 10_000 });
    this.#stop = stop;
  }

  get(path = pods): Promise<{ status: number; text: string }> {
    return this.transport.request({ method: "GET", path });
  }

  post(body: string): Promise<{ status: number; text: string }> {
    return this.transport.request({ method: "POST", path: pods, body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.proxy[Symbol.asyncDispose]();
    await this.transport.close();
  }
}

const echo: RequestListener = (request, response) => {
  const { authorization } = request.headers;
  response.writeHead(request.method === "POST" ? 201 : 200);
  response.write(JSON.stringify({ url: request.url, method: request.method, authorization }));
  request.pipe(response);
};

const reset = { name: "ApiError", status: 0, reason: "Unreachable" };

describe("a fault proxy without a fault", () => {
  it("forwards requests with the given identity, and counts them", async () => {
    await using proxied = await ProxiedServer.open(echo);
    const answer = await proxied.get();
    assert.deepEqual(JSON.parse(answer.text), { url: `/base${pods}`, method: "GET", authorization: "Bearer upstream" });
    const created = await proxied.post("body");
    assert.deepEqual([created.status, created.text.endsWith("}body")], [201, true]);
    const { proxy } = proxied;
    assert.deepEqual(
      [{}, { verb: "list" } as const, { method: "POST", resource: "pods" }, { name: "x" }].map((match) =>
        proxy.count(match),
      ),
      [2, 1, 1, 0],
    );
  });

  it("forwards the events of a watch at once, and its end", async () => {
    let server: ServerResponse | undefined;
    await using proxied = await ProxiedServer.open((_request, response) =>
      (server = response.writeHead(200)).flushHeaders(),
    );
    const chunks = (await proxied.transport.stream({ method: "GET", path: `${pods}?watch=true` }))[
      Symbol.asyncIterator
    ]();
    for (const name of ["a", "b"]) {
      server?.write(line(name));
      assert.equal(String((await chunks.next()).value), line(name));
    }
    server?.end();
    assert.equal((await chunks.next()).done, true);
  });

  it("closes its connection to the server when the client disconnects", async () => {
    const closed = Promise.withResolvers<void>();
    await using proxied = await ProxiedServer.open((request, response) => {
      response.writeHead(200).flushHeaders();
      request.on("close", closed.resolve);
    });
    const controller = new AbortController();
    await proxied.transport.stream({ method: "GET", path: `${pods}?watch=true`, signal: controller.signal });
    controller.abort();
    await closed.promise;
  });

  it("resets the client's connection when there is no server", async () => {
    const noServer = { server: "http://127.0.0.1:1", tls: {}, authorization: async () => undefined };
    await using proxy = await startFaultProxy(noServer);
    const transport = createTransport(proxy.connection, { userAgent: "test" });
    await assert.rejects(transport.request({ method: "GET", path: pods }), reset);
    await transport.close();
  });

  it("writes a kubeconfig for clients in other processes", async () => {
    await using proxied = await ProxiedServer.open(echo);
    const directory = await mkdtemp(join(tmpdir(), "faults-"));
    try {
      const kubeconfig = join(directory, "kubeconfig");
      await proxied.proxy.writeKubeconfig(kubeconfig);
      assert.equal((await loadConnection({ kubeconfig })).server, proxied.proxy.connection.server);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("a fault", () => {
  it("affects the next matching request, and no other", async () => {
    await using proxied = await ProxiedServer.open(echo);
    const injection = proxied.proxy.inject({ kind: "reset" }, { verb: "list", namespace: "media" });
    await proxied.get("/api/v1/pods");
    assert.equal(injection.hits, 0);
    await assert.rejects(proxied.get(), reset);
    await proxied.get();
    assert.equal(injection.hits, 1);
  });

  it("affects a given number of requests, until all faults are withdrawn", async () => {
    await using proxied = await ProxiedServer.open(echo);
    const injection = proxied.proxy.inject(refusal(500, "InternalError"), {}, Infinity);
    for (let request = 0; request < 3; request++) await assert.rejects(proxied.get(), { status: 500 });
    proxied.proxy.withdraw();
    await proxied.get();
    assert.equal(injection.hits, 3);
  });

  it("responds in place of the API server", async () => {
    await using proxied = await ProxiedServer.open(echo);
    proxied.proxy.inject(refusal(429, "TooManyRequests", { retryAfterSeconds: 2, message: "busy" }), {});
    await assert.rejects(proxied.get(), {
      name: "ApiError",
      status: 429,
      reason: "TooManyRequests",
      message: "busy",
      retryAfterMs: 2000,
    });
    proxied.proxy.inject(emptyAnswer, {});
    assert.equal((await proxied.get()).text, "");
  });

  it("hangs, delays, or loses the response to a write that succeeded", async () => {
    const written: string[] = [];
    await using proxied = await ProxiedServer.open((request, response) => {
      written.push(request.method ?? "");
      response.end("{}");
    });
    proxied.proxy.inject({ kind: "hang" }, {});
    const hanging = proxied.transport.request({ method: "GET", path: pods, timeoutMs: 50 });
    await assert.rejects(hanging, { reason: "Timeout" });
    assert.deepEqual(written, []);

    proxied.proxy.inject({ kind: "delay", ms: 50 }, {});
    const sentAt = performance.now();
    await proxied.get();
    assert.ok(performance.now() - sentAt >= 49);
    assert.deepEqual(written, ["GET"]);

    proxied.proxy.inject({ kind: "lose-answer" }, { verb: "create" });
    await assert.rejects(proxied.post("{}"), reset);
    assert.deepEqual(written, ["GET", "POST"]);
  });

  it("closes the connection after a number of events of a watch", async () => {
    await using proxied = await ProxiedServer.open((_request, response) => {
      response.write(line("a") + line("b").slice(0, 5));
      response.write(line("b").slice(5) + line("c"));
    });
    proxied.proxy.inject({ kind: "cut", afterEvents: 2 }, { verb: "watch" });
    let arrived = "";
    const read = async (): Promise<void> => {
      const chunks = await proxied.transport.stream({ method: "GET", path: `${pods}?watch=true` });
      for await (const chunk of chunks) arrived += String(chunk);
    };
    await assert.rejects(read(), reset);
    assert.equal(arrived, line("a") + line("b"));
  });

  it("hides parameters from the API server", async () => {
    await using proxied = await ProxiedServer.open(echo);
    proxied.proxy.inject({ kind: "ignore", parameters: ["b", "d"] }, { verb: "list" });
    const { url } = JSON.parse((await proxied.get(`${pods}?a=1&b=2&c=3`)).text) as { url: string };
    assert.equal(url, `/base${pods}?a=1&c=3`);
  });

  it("can be injected after each write, before its response is forwarded", async () => {
    await using proxied = await ProxiedServer.open(echo);
    const writes: (AnsweredWrite["request"]["verb"] | number)[] = [];
    let answered = false;
    proxied.proxy.onWrite(async ({ request, status }) => {
      await new Promise(setImmediate);
      writes.push(request.verb, status, Number(answered));
    });
    await proxied.get();
    await proxied.post("{}").then(() => (answered = true));
    assert.deepEqual(writes, ["create", 201, 0]);
  });
});

describe("a fault of an open watch", () => {
  const cases: {
    readonly fault: WatchFault;
    /** The part of the lines after the fault that arrives. */
    readonly arrives: string;
    readonly ends: "normally" | "broken" | "not at all";
  }[] = [
    { fault: { kind: "reset" }, arrives: "", ends: "broken" },
    { fault: { kind: "end" }, arrives: "", ends: "normally" },
    { fault: { kind: "silence" }, arrives: "", ends: "not at all" },
    { fault: { kind: "half-line" }, arrives: line("b").slice(0, line("b").length / 2 - 1), ends: "broken" },
    {
      fault: { kind: "expire" },
      arrives:
        '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",' +
        '"message":"too old resource version","reason":"Expired","code":410}}\n',
      ends: "normally",
    },
  ];
  for (const { fault, arrives, ends } of cases) {
    it(`${fault.kind}: the stream ends ${ends}`, async () => {
      let server: ServerResponse | undefined;
      await using proxied = await ProxiedServer.open((_request, response) =>
        (server = response.writeHead(200)).flushHeaders(),
      );
      const path = `${pods}?watch=true`;
      const controller = new AbortController();
      const chunks = await proxied.transport.stream({ method: "GET", path, signal: controller.signal });
      const reader = chunks[Symbol.asyncIterator]();
      server?.write(line("a"));
      assert.equal(String((await reader.next()).value), line("a"));

      assert.equal(proxied.proxy.strike(fault, { verb: "watch", resource: "pods" }), 1);
      server?.write(line("b"));
      let rest = "";
      const read = async (): Promise<string> => {
        for (let next = await reader.next(); next.done !== true; next = await reader.next()) rest += String(next.value);
        return "normally";
      };
      const ended = read().catch((error: ApiError | Error) => ("reason" in error ? "broken" : "not at all"));
      if (ends === "not at all") {
        // There is no event to wait for: the line would have arrived before the response to a later request.
        proxied.proxy.inject(emptyAnswer, { verb: "list" });
        await proxied.get();
        controller.abort();
      }
      assert.deepEqual([await ended, rest], [ends, arrives]);
    });
  }

  it("affects only those that match", async () => {
    await using proxied = await ProxiedServer.open((_request, response) => response.writeHead(200).flushHeaders());
    for (const resource of ["pods", "pods", "configmaps"]) {
      await proxied.transport.stream({ method: "GET", path: `/api/v1/${resource}?watch=true` });
    }
    assert.deepEqual(
      [proxied.proxy.strike({ kind: "end" }, { resource: "configmaps" }), proxied.proxy.strike({ kind: "silence" })],
      [1, 2],
    );
  });
});
