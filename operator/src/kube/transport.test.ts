import assert from "node:assert/strict";
import { on, once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ApiError } from "./errors.ts";
import { Pool } from "undici";
import { createTransport, type Connection, type TransportOptions } from "./transport.ts";

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(
  listener: RequestListener,
  options: Partial<TransportOptions> = {},
  connection: Partial<Connection> & { readonly basePath?: string } = {},
) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  /** The number of connections that the server has accepted. */
  let sockets = 0;
  server.on("connection", () => sockets++);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { basePath = "", ...rest } = connection;
  const url = `http://127.0.0.1:${port}`;
  const transport = createTransport(
    { server: url + basePath, tls: {}, authorization: async () => undefined, ...rest },
    { userAgent: "test/1", ...options },
  );
  cleanups.push(async () => {
    server.closeAllConnections();
    await transport.close();
    server.close();
  });
  return { server, url, transport, sockets: () => sockets };
}

async function readAll(stream: Promise<AsyncIterable<Buffer>>): Promise<string> {
  let text = "";
  for await (const chunk of await stream) text += chunk.toString();
  return text;
}

const get = { method: "GET", path: "/x" };

describe("a request", () => {
  it("keeps the server's base path, sends the user agent, and reads the token each time", async () => {
    const seen: object[] = [];
    let token = 0;
    const { transport } = await serve(
      ({ url, method, headers }, response) => {
        const { authorization, accept, "user-agent": userAgent } = headers;
        seen.push({ url, method, authorization, accept, userAgent });
        response.end("{}");
      },
      {},
      { basePath: "/k8s/clusters/c-1/", authorization: async () => `Bearer ${++token}` },
    );
    const response = await transport.request(get);
    await transport.request({ ...get, headers: { accept: "application/json;as=Table" } });
    const common = { url: "/k8s/clusters/c-1/x", method: "GET", userAgent: "test/1" };
    assert.deepEqual(seen, [
      { ...common, accept: "application/json", authorization: "Bearer 1" },
      { ...common, accept: "application/json;as=Table", authorization: "Bearer 2" },
    ]);
    assert.deepEqual({ status: response.status, text: response.text }, { status: 200, text: "{}" });
  });

  it("reports the warnings of responses, also of one that is an error", async () => {
    const warnings: unknown[] = [];
    const onWarning = (text: string, { path }: { readonly path: string }) => warnings.push([text, path]);
    const listener: RequestListener = (_request, response) => {
      response.statusCode = warnings.length === 0 ? 200 : 422;
      response.setHeader("warning", ['299 - "a is deprecated"', '299 - "unknown field"']).end("{}");
    };
    const { transport } = await serve(listener, { onWarning });
    await transport.request(get);
    await assert.rejects(transport.request(get));
    const both = [
      ["a is deprecated", "/x"],
      ["unknown field", "/x"],
    ];
    assert.deepEqual(warnings, [...both, ...both]);
  });

  it("reuses its connection", async () => {
    const { transport, sockets } = await serve((_request, response) => response.end("{}"));
    for (let i = 0; i < 20; i++) await transport.request(get);
    // Two, since a response may end for its reader before undici has released the connection.
    assert.ok(sockets() <= 2, `${sockets()} connections for 20 requests one after another`);
  });

  it("uses no more than the allowed connections", async () => {
    const { transport, sockets } = await serve((_request, response) => setImmediate(() => response.end("{}")), {
      connections: 3,
    });
    await Promise.all(Array.from({ length: 30 }, () => transport.request(get)));
    assert.equal(sockets(), 3);
  });

  it("resolves with a status that the caller accepts", async () => {
    const { transport } = await serve((_request, response) => response.writeHead(304, { etag: '"e"' }).end());
    const { status, headers } = await transport.request({ ...get, accept: [304] });
    assert.deepEqual({ status, etag: headers.etag }, { status: 304, etag: '"e"' });
    await assert.rejects(transport.request(get), { name: "ApiError", status: 304 });
  });

  it("rejects with the error of the response", async () => {
    const { transport } = await serve((_request, response) =>
      response.writeHead(429, { "retry-after": "3" }).end("slow down"),
    );
    const expected = {
      name: "ApiError",
      status: 429,
      reason: "TooManyRequests",
      message: "slow down",
      retryAfterMs: 3000,
    };
    await assert.rejects(transport.request(get), { ...expected, ...get });
  });

  it("reads only the start of an endless error page", async () => {
    const { transport } = await serve((_request, response) => {
      response.writeHead(500);
      const more = (): void => {
        while (response.write("x".repeat(16_384)));
        response.once("drain", more);
      };
      more();
    });
    await assert.rejects(transport.request(get), { name: "ApiError", status: 500, message: "x".repeat(500) });
  });

  const silent: readonly [name: string, listener: RequestListener][] = [
    ["without a response", () => {}],
    ["within a response", (_request, response) => response.writeHead(200).write('{"a":')],
  ];
  for (const [name, listener] of silent) {
    it(`rejects with Timeout when its deadline passes ${name}`, async () => {
      const { transport } = await serve(listener);
      await assert.rejects(transport.request({ ...get, timeoutMs: 50 }), { status: 0, reason: "Timeout", ...get });
    });
  }

  it("includes the wait for a connection in its deadline", async () => {
    const { transport } = await serve(() => {}, { connections: 1 });
    const controller = new AbortController();
    const first = transport.request({ ...get, timeoutMs: 60_000, signal: controller.signal });
    await assert.rejects(transport.request({ ...get, timeoutMs: 50 }), { status: 0, reason: "Timeout" });
    controller.abort(new Error("aborted"));
    await assert.rejects(first, /aborted/);
  });

  const cut: readonly [name: string, listener: RequestListener][] = [
    ["before the response", (request) => request.socket.resetAndDestroy()],
    [
      "within the response",
      (request, response) =>
        response.writeHead(200, { "content-length": 100 }).write("{", () => request.socket.destroy()),
    ],
  ];
  for (const [name, listener] of cut) {
    it(`rejects with Unreachable when the connection is cut ${name}`, async () => {
      const { transport } = await serve(listener);
      await assert.rejects(transport.request(get), { status: 0, reason: "Unreachable", ...get });
    });
  }

  it("rejects with Unreachable when the connection is refused", async () => {
    const transport = createTransport(
      { server: "http://127.0.0.1:1", tls: {}, authorization: async () => undefined },
      { userAgent: "test/1" },
    );
    cleanups.push(() => transport.close());
    await assert.rejects(transport.request(get), {
      status: 0,
      reason: "Unreachable",
      message: "connect ECONNREFUSED 127.0.0.1:1",
    });
  });

  it("rejects with the caller's reason when the caller aborts", async () => {
    const reason = new Error("shutting down");
    const { transport } = await serve(() => {});
    const controller = new AbortController();
    const request = transport.request({ ...get, signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(request, reason);
  });
});

describe("the fence", () => {
  const post = { method: "POST", path: "/x", body: "{}" };
  const notLeader = new Error("not leader");

  it("is called when a connection is free, not when the request is made", async () => {
    const { transport, server } = await serve(() => {}, { connections: 1 });
    const requests = on(server, "request") as AsyncIterableIterator<[IncomingMessage, ServerResponse]>;
    const next = async (): Promise<[IncomingMessage, ServerResponse]> => (await requests.next()).value;
    let leads = true;
    const fence = (): void => {
      if (!leads) throw notLeader;
    };
    const first = transport.request({ ...post, fence });
    const [, response] = await next();
    const second = assert.rejects(transport.request({ ...post, path: "/second", fence }), notLeader);
    leads = false;
    response.end("{}");
    await first;
    await second;
    leads = true;
    const third = transport.request({ ...post, path: "/third", fence });
    const [request, thirdResponse] = await next();
    thirdResponse.end("{}");
    await third;
    assert.equal(request.url, "/third", "the second request was never sent");
  });

  it("lets a write through while it does not throw", async () => {
    let calls = 0;
    const { transport } = await serve((request, response) => request.pipe(response));
    const { text } = await transport.request({ ...post, body: '{"a":1}', fence: () => calls++ });
    assert.deepEqual({ text, calls }, { text: '{"a":1}', calls: 1 });
  });
});

describe("a stream", () => {
  it("never uses a connection of the requests", async () => {
    const { transport } = await serve(
      ({ url }, response) => {
        if (url === "/watch") response.writeHead(200).flushHeaders();
        else response.end("{}");
      },
      { connections: 1 },
    );
    for (let watch = 0; watch < 5; watch++) await transport.stream({ method: "GET", path: "/watch" });
    assert.equal((await transport.request(get)).status, 200);
  });

  it("stays open through silence longer than a request's timeout", async () => {
    const responses: ServerResponse[] = [];
    const { transport, url } = await serve(
      (_request, response) => {
        responses.push(response);
        response.writeHead(200).write("a");
      },
      { timeoutMs: 50 },
    );
    const chunks = (await transport.stream(get))[Symbol.asyncIterator]();
    assert.equal(String((await chunks.next()).value), "a");
    // A connection with a body timeout measures the silence: once it has failed, ours would have failed too.
    const control = await new Pool(url, { bodyTimeout: 50 }).request(get);
    await assert.rejects(control.body.text(), { code: "UND_ERR_BODY_TIMEOUT" });
    responses[0]?.end("b");
    assert.equal(String((await chunks.next()).value), "b");
    assert.equal((await chunks.next()).done, true);
  });

  it("throws when the connection is cut", async () => {
    const { transport } = await serve((request, response) => {
      response.writeHead(200).write("a", () => request.socket.resetAndDestroy());
    });
    await assert.rejects(readAll(transport.stream(get)), { name: "ApiError", status: 0, reason: "Unreachable" });
  });

  it("is rejected like a request", async () => {
    const { transport } = await serve((_request, response) => response.writeHead(410).end());
    await assert.rejects(transport.stream(get), { name: "ApiError", status: 410, reason: "Gone" });
  });

  it("closes its connection when the reader stops or the caller aborts", async () => {
    const closed: Promise<unknown>[] = [];
    const { transport } = await serve((request, response) => {
      closed.push(once(request.socket, "close"));
      response.writeHead(200).write("a");
    });
    const read = (await transport.stream(get))[Symbol.asyncIterator]();
    await read.next();
    await read.return?.();
    await closed[0];

    const controller = new AbortController();
    const reason = new Error("stop");
    const chunks = (await transport.stream({ ...get, signal: controller.signal }))[Symbol.asyncIterator]();
    await chunks.next();
    controller.abort(reason);
    await assert.rejects(
      async () => chunks.next(),
      (error: ApiError | Error) => error === reason,
    );
    await closed[1];
  });
});
