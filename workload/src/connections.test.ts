import assert from "node:assert/strict";
import { Socket } from "node:net";
import { Connections } from "./connections.ts";
import { realProcessor } from "./routes/testing/real-processor.ts";
import { RawConnection } from "./testing/raw-connection.ts";

describe("the connections of clients", () => {
  const setUp = (limits: { maxAgeMs: number; maxRequests: number }, random = 0) => {
    const clock = { now: 0 };
    return { clock, connections: new Connections(limits, { now: () => clock.now, random: () => random }) };
  };

  it("end with the first response after their maximum age", () => {
    const { clock, connections } = setUp({ maxAgeMs: 1_000, maxRequests: 0 });
    const [old, young] = [new Socket(), new Socket()];
    assert.equal(connections.isLast(old), false);
    clock.now = 999;
    assert.deepEqual([connections.isLast(old), connections.isLast(young)], [false, false]);
    clock.now = 1_000;
    assert.deepEqual([connections.isLast(old), connections.isLast(young)], [true, false]);
  });

  it("are closed by the processor after the last response, and kept until then", async () => {
    await using processor = await realProcessor({ connections: { keepAlive: "700s", maxRequests: 2 } });
    const connection = await RawConnection.open(processor.port);
    for (const count of [1, 2]) {
      await connection.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
      await connection.responses(count);
    }
    await connection.closed;
    const headers = [...connection.received.matchAll(/^(connection|keep-alive): (.*)\r$/gim)];
    assert.deepEqual(
      headers.map(([, , value]) => value),
      ["keep-alive", "timeout=700", "close"],
    );
  });

  it("do not delay a shutdown when a client opened them ahead and sent nothing", async () => {
    await using processor = await realProcessor({ drain: { timeout: "300s" } });
    const ahead = await RawConnection.open(processor.port);
    assert.equal(await processor.processor.stop(), true);
    await ahead.closed;
  });

  it("end up to a tenth earlier, so that not all end together", () => {
    const { clock, connections } = setUp({ maxAgeMs: 1_000, maxRequests: 0 }, 0.5);
    const socket = new Socket();
    connections.isLast(socket);
    clock.now = 950;
    assert.equal(connections.isLast(socket), true);
  });

  it("end after their maximum number of requests, each counted by itself", () => {
    const { connections } = setUp({ maxAgeMs: 0, maxRequests: 2 });
    const [one, other] = [new Socket(), new Socket()];
    assert.deepEqual(
      [one, other, one].map((socket) => connections.isLast(socket)),
      [false, false, true],
    );
  });

  it("do not end without limits", () => {
    const { clock, connections } = setUp({ maxAgeMs: 0, maxRequests: 0 });
    const socket = new Socket();
    connections.isLast(socket);
    clock.now = 1e12;
    assert.equal(connections.isLast(socket), false);
  });
});
