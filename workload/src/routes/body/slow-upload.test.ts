/** Bodies that arrive slowly, and those that a client sends only after a response of 100. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { photograph } from "../../testing/photographs.ts";
import { RawConnection } from "../../testing/raw-connection.ts";
import { realProcessor, type RealProcessor } from "../testing/real-processor.ts";

const body = photograph("flower");

function head(length: number, ...more: readonly string[]): string {
  const lines = ["POST /v1/process HTTP/1.1", "Host: x", `Content-Length: ${length}`, ...more];
  return lines.map((line) => `${line}\r\n`).join("") + "\r\n";
}

/** Sends the picture in pieces until it is sent or answered. */
async function sendSlowly(connection: RawConnection, pieces: number, pauseMs: number): Promise<void> {
  await connection.send(head(body.length));
  const size = Math.ceil(body.length / pieces);
  for (let at = 0; at < body.length && connection.statuses.length === 0; at += size) {
    await connection.send(body.subarray(at, at + size));
    await pause(pauseMs);
  }
}

async function withProcessor(
  limits: { bodyPause: string; bodyTimeout: string },
  test: (processor: RealProcessor, connection: RawConnection) => Promise<void>,
): Promise<void> {
  await using processor = await realProcessor({ workers: 1, limits });
  const connection = await RawConnection.open(processor.port);
  try {
    await test(processor, connection);
  } finally {
    connection.reset();
  }
}

describe("a body that arrives slowly", () => {
  // Bug: 8 MB at 100 KB/s ended in a 408 after 30 s behind gateways that do not buffer bodies.
  it("is processed if it takes longer than a pause may last", () =>
    withProcessor({ bodyPause: "2s", bodyTimeout: "60s" }, async (_processor, connection) => {
      await sendSlowly(connection, 6, 500);
      assert.deepEqual(await connection.responses(1), [200]);
    }));

  it("is answered with 408 when it pauses for too long", () =>
    withProcessor({ bodyPause: "500ms", bodyTimeout: "60s" }, async (_processor, connection) => {
      await connection.send(head(body.length));
      await connection.send(body.subarray(0, 1000));
      assert.deepEqual(await connection.responses(1), [408]);
      assert.match(connection.received, /"the body arrives too slowly: no byte arrived for 0\.5 s"/);
      assert.match(connection.received, /connection: close/i);
    }));

  it("is answered with 408 when it takes too long as a whole, however steadily it arrives", () =>
    withProcessor({ bodyPause: "30s", bodyTimeout: "1s" }, async (_processor, connection) => {
      await sendSlowly(connection, 1000, 20);
      assert.deepEqual(await connection.responses(1), [408]);
      assert.match(connection.received, /"the body arrives too slowly: not complete after 1 s"/);
    }));
});

describe("a client that sends Expect: 100-continue, as curl does for large bodies", () => {
  const limits = { bodyPause: "30s", bodyTimeout: "300s" };

  it("gets 100 for a body that is wanted", () =>
    withProcessor(limits, async (_processor, connection) => {
      await connection.send(head(body.length, "Expect: 100-continue"));
      assert.deepEqual(await connection.responses(1), [100]);
      await connection.send(body);
      assert.deepEqual(await connection.responses(2), [100, 200]);
    }));

  const refused: readonly (readonly [name: string, head: string, status: number])[] = [
    ["too large", head(40_000_000, "Expect: 100-continue"), 413],
    ["of another type", head(40_000_000, "Content-Type: video/mp4", "Expect: 100-continue"), 415],
    ["for an unknown path", head(40_000_000, "Expect: 100-continue").replace("/v1/process", "/upload"), 404],
    ["for another method", head(40_000_000, "Expect: 100-continue").replace("POST", "PUT"), 405],
  ];
  for (const [name, request, status] of refused) {
    it(`is answered with ${status} instead for a body ${name}, and the connection is closed`, () =>
      withProcessor(limits, async (_processor, connection) => {
        await connection.send(request);
        await connection.closed;
        assert.deepEqual(connection.statuses, [status]);
      }));
  }
});
