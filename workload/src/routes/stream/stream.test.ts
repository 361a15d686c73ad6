/** Sessions over real connections on loopback; the pipeline answers when the test lets it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { WebSocket } from "ws";
import type { Settings } from "../../config/settings.ts";
import { PipelineError } from "../../core/pipeline-error.ts";
import type { Processed } from "../../pipeline/pipeline.ts";
import { appWith, type FakeContext, fakeContext } from "../testing/fake-context.ts";
import { streamRoute } from "./stream.ts";

interface Work {
  readonly picture: string;
  readonly signal: AbortSignal | undefined;
  readonly finish: (body?: Uint8Array<ArrayBuffer>) => void;
  readonly fail: (error: PipelineError) => void;
}

interface World {
  readonly app: FastifyInstance;
  readonly context: FakeContext;
  readonly url: string;
  /** The next picture that the pipeline is given. */
  readonly work: () => Promise<Work>;
  readonly started: () => number;
}

async function withServer(
  test: (world: World) => Promise<void>,
  change: (settings: Settings) => Settings = (same) => same,
): Promise<void> {
  const context = fakeContext(change);
  const queue = new Inbox<Work>();
  let started = 0;
  context.pipeline.onProcess = (input, signal) => {
    started++;
    const { promise, resolve, reject } = Promise.withResolvers<Processed>();
    const picture = Buffer.from(input).toString();
    const finish = (body = new Uint8Array(Buffer.from(`done ${picture}`))): void => {
      resolve({
        body,
        format: "jpeg",
        width: 4,
        height: 2,
        timings: { queue: 0, decode: 1, inference: 2, encode: 3 },
        warnings: [],
        batchSize: 1,
        frames: null,
      });
    };
    queue.put({ picture, signal, finish, fail: reject });
    return promise;
  };
  const app = await appWith(streamRoute, context);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  try {
    await test({
      app,
      context,
      url: `ws://127.0.0.1:${port}/v1/stream`,
      work: () => queue.take(),
      started: () => started,
    });
  } finally {
    await app.close();
  }
}

/** Received items, to be taken one by one. */
class Inbox<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  put(item: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  async take(): Promise<T> {
    const item = this.#items.shift();
    return item ?? new Promise((resolve) => this.#takers.push(resolve));
  }
}

interface Client {
  readonly socket: WebSocket;
  readonly send: (...pictures: readonly string[]) => void;
  /** The next message: a picture as text, or a parsed text message. */
  readonly next: () => Promise<unknown>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

async function connect(url: string): Promise<Client> {
  const socket = new WebSocket(url);
  const inbox = new Inbox<unknown>();
  socket.on("message", (data: Buffer, isBinary) =>
    inbox.put(isBinary ? data.toString() : (JSON.parse(data.toString()) as unknown)),
  );
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on("error", () => undefined);
  await once(socket, "open");
  const send = (...pictures: readonly string[]): void =>
    pictures.forEach((picture) => socket.send(Buffer.from(picture)));
  return { socket, send, next: () => inbox.take(), closed };
}

/** The HTTP response to a rejected upgrade. */
async function refusal(
  url: string,
): Promise<{ readonly status: number | undefined; readonly retryAfter: string | undefined }> {
  const socket = new WebSocket(url);
  socket.on("error", () => undefined);
  const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  response.resume();
  socket.terminate();
  return { status: response.statusCode, retryAfter: response.headers["retry-after"] };
}

/** Waits for a condition; mocha's timeout is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("GET /v1/stream", () => {
  it("answers pictures in order, whichever finishes first", () =>
    withServer(async ({ url, work }) => {
      const client = await connect(url);
      client.send("a", "b");
      const [a, b] = [await work(), await work()];
      b.finish();
      a.finish();
      assert.deepEqual([await client.next(), await client.next()], ["done a", "done b"]);
    }));

  it("drops all but the newest picture under overload, and reports it", () =>
    withServer(async ({ url, work, started }) => {
      const client = await connect(url);
      client.send("a", "b");
      const [a, b] = [await work(), await work()];
      client.send("c", "d", "e", "f");
      // The answer to a ping comes after what was sent before it has been read.
      client.socket.ping();
      await once(client.socket, "pong");
      assert.equal(started(), 2);
      a.finish();
      assert.equal(await client.next(), "done a");
      const f = await work();
      assert.equal(f.picture, "f");
      b.finish();
      f.finish();
      assert.deepEqual(
        [await client.next(), await client.next(), await client.next()],
        ["done b", { type: "dropped", from: 3, to: 5 }, "done f"],
      );
    }));

  it("reports a bad picture in order, and continues", () =>
    withServer(async ({ url, work, context }) => {
      const client = await connect(url);
      client.send("a", "b");
      const [a, b] = [await work(), await work()];
      b.finish();
      a.fail(new PipelineError("undecodable", "no end of image"));
      assert.deepEqual(
        [await client.next(), await client.next()],
        [
          {
            type: "error",
            frame: 1,
            kind: "urn:gpumedia:problem:undecodable",
            title: "The picture is damaged",
            status: 422,
            detail: "no end of image",
          },
          "done b",
        ],
      );
      assert.equal(context.counts.sessions, 1);
    }));

  it("reports timings on request", () =>
    withServer(async ({ url, work }) => {
      const client = await connect(`${url}?info=true&format=png&quality=50`);
      client.send("a");
      (await work()).finish();
      assert.deepEqual(
        [await client.next(), await client.next()],
        [
          {
            type: "frame",
            frame: 1,
            width: 4,
            height: 2,
            format: "jpeg",
            timings: { queue: 0, decode: 1, inference: 2, encode: 3 },
            warnings: [],
          },
          "done a",
        ],
      );
    }));

  it("aborts the work of a client that disconnects, and counts sessions", () =>
    withServer(async ({ url, work, context }) => {
      const client = await connect(url);
      client.send("a");
      const a = await work();
      assert.equal(context.counts.sessions, 1);
      client.socket.terminate();
      await until(() => a.signal?.aborted === true);
      assert.equal(context.counts.sessions, 0);
      a.fail(new PipelineError("aborted", "the client closed the connection"));
    }));

  const misbehaviour: readonly (readonly [name: string, misbehave: (client: Client) => void, code: number])[] = [
    ["text", ({ socket }) => socket.send("hello"), 1003],
    ["a message over the limit", ({ send }) => send("x".repeat(1001)), 1009],
    ["a flood of pings", ({ socket }) => repeat(2500, () => socket.ping()), 1008],
    ["a flood of empty messages", ({ send }) => repeat(2500, () => send("")), 1008],
    [
      "a frame of a reserved kind",
      ({ socket }) => rawSocket(socket).write(Buffer.from([0xff, 0x80, 0, 0, 0, 0])),
      1002,
    ],
  ];
  for (const [name, misbehave, code] of misbehaviour) {
    it(`closes a session with ${code} for ${name}, and no other session`, () =>
      withServer(
        async ({ url, work, context }) => {
          const other = await connect(url);
          const client = await connect(url);
          misbehave(client);
          assert.equal((await client.closed).code, code);
          await until(() => context.counts.sessions === 1);
          other.send("still here");
          for (let next = await work(); ; next = await work()) {
            next.finish();
            if (next.picture === "still here") break;
          }
          assert.equal(await other.next(), "done still here");
        },
        (settings) => ({ ...settings, limits: { ...settings.limits, bodyBytes: 1000 } }),
      ));
  }

  it("buffers only a few responses for a client that does not read", () =>
    withServer(async ({ url, work, started }) => {
      const client = await connect(url);
      client.socket.pause();
      const over = new AbortController();
      const answering = (async () => {
        while (!over.signal.aborted) (await work()).finish(new Uint8Array(4 * 2 ** 20));
      })();
      // Without a bound each of these would be processed and its answer kept.
      for (let count = 0; count < 300; count++) {
        client.send("x");
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => client.socket.bufferedAmount === 0);
      // The kernel buffers more: some MiB on each side.
      assert.ok(started() < 20, `${started()} pictures were processed`);
      over.abort();
      client.socket.resume();
      await Promise.race([answering, client.next()]);
      client.socket.terminate();
    }));

  const refused: readonly (readonly [name: string, query: string])[] = [
    ["an invalid quality", "?quality=0"],
    ["an invalid format", "?format=gif"],
    ["an invalid info", "?info=yes"],
  ];
  for (const [name, query] of refused) {
    it(`rejects ${name} before the upgrade`, () =>
      withServer(async ({ url }) => {
        assert.deepEqual(await refusal(`${url}${query}`), { status: 400, retryAfter: undefined });
      }));
  }

  it("rejects sessions beyond the limit, until one is closed", () =>
    withServer(
      async ({ url, context }) => {
        const first = await connect(url);
        assert.deepEqual(await refusal(url), { status: 503, retryAfter: "1" });
        first.socket.close();
        await until(() => context.counts.sessions === 0);
        (await connect(url)).socket.terminate();
      },
      (settings) => ({ ...settings, stream: { ...settings.stream, maxSessions: 1 } }),
    ));

  it("answers 426 without an upgrade", () =>
    withServer(async ({ app }) => {
      const answer = await app.inject("/v1/stream");
      assert.deepEqual([answer.statusCode, answer.headers["upgrade"]], [426, "websocket"]);
    }));

  describe("when the processor drains", () => {
    it("closes idle sessions with 1012 and accepts no new ones", () =>
      withServer(async ({ url, context }) => {
        const client = await connect(url);
        // Longer than a session counts as in use after its last frame.
        await new Promise((resolve) => setTimeout(resolve, 1100));
        context.drain();
        assert.deepEqual(await client.closed, { code: 1012, reason: "shutting down: reconnect" });
        assert.deepEqual(await refusal(url), { status: 503, retryAfter: "1" });
      }));

    it("keeps a session open whose frames arrive slowly, while a faster one counts as idle", () =>
      withServer(async ({ url, context, work }) => {
        const [slow, quick] = [await connect(url), await connect(url)];
        for (const pauseMs of [1200, 0]) {
          slow.send("frame");
          (await work()).finish();
          assert.equal(await slow.next(), "done frame");
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        context.drain();
        // The quick one has been idle for longer than a second.
        assert.equal((await quick.closed).code, 1012);
        assert.equal(((await slow.next()) as { readonly type: string }).type, "draining");
        await new Promise((resolve) => setTimeout(resolve, 1200));
        slow.send("late");
        (await work()).finish();
        assert.equal(await slow.next(), "done late");
        slow.socket.terminate();
      }));

    it("serves a session in use until it is idle, after asking the client to reconnect", () =>
      withServer(async ({ url, context, work, app }) => {
        const client = await connect(url);
        client.send("a");
        const a = await work();
        context.drain();
        const closing = app.close();
        assert.deepEqual(await client.next(), {
          type: "draining",
          secondsLeft: 300,
          advice: "reconnect now; this session ends when it is idle",
        });
        client.send("b");
        const b = await work();
        a.finish();
        b.finish();
        assert.deepEqual([await client.next(), await client.next()], ["done a", "done b"]);
        assert.deepEqual(await client.closed, { code: 1012, reason: "shutting down: reconnect" });
        await closing;
      }));

    it("closes a session still in use after drain.timeout, once its last pictures are answered", () =>
      withServer(
        async ({ url, context, work, app }) => {
          const client = await connect(url);
          client.send("a");
          const a = await work();
          context.drain();
          const closing = app.close();
          const busy = setInterval(() => client.socket.readyState === WebSocket.OPEN && client.send("x"), 20);
          assert.deepEqual(await client.next(), {
            type: "draining",
            secondsLeft: 0,
            advice: "reconnect now; this session ends when it is idle",
          });
          const others = new AbortController();
          const answering = (async () => {
            for (let other = await work(); !others.signal.aborted; other = await work()) other.finish();
          })();
          await new Promise((resolve) => setTimeout(resolve, 600));
          a.finish();
          assert.equal(await client.next(), "done a");
          assert.deepEqual(await client.closed, { code: 1012, reason: "shutting down: reconnect" });
          clearInterval(busy);
          others.abort();
          await closing;
          void answering;
        },
        (settings) => ({ ...settings, drain: { ...settings.drain, timeoutMs: 500 } }),
      ));
  });
});

/** The connection under a WebSocket, to send what `ws` itself would not. */
function rawSocket(socket: WebSocket): Socket {
  return Reflect.get(socket, "_socket") as Socket;
}

function repeat(times: number, action: () => void): void {
  for (let count = 0; count < times; count++) action();
}
