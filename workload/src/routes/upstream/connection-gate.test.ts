import assert from "node:assert/strict";
import { ConnectionGate } from "./connection-gate.ts";

const never = new AbortController().signal;

/** Notes in `entered` when the gate lets `name` in, and answers what gives its place back. */
async function enter(gate: ConnectionGate, entered: string[], name: string, origin: string, signal = never) {
  const place = await gate.enter(origin, signal);
  entered.push(name);
  return place;
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("the gate before upstream connections", () => {
  it("limits one origin without blocking others", async () => {
    const gate = new ConnectionGate({ total: 3, perOrigin: 2, waiting: 10 });
    const entered: string[] = [];
    const a1 = await enter(gate, entered, "a1", "a");
    await enter(gate, entered, "a2", "a");
    const waiting = enter(gate, entered, "a3", "a");
    await enter(gate, entered, "b1", "b");
    await settled();
    assert.deepEqual(entered, ["a1", "a2", "b1"]);
    a1[Symbol.dispose]();
    await waiting;
    assert.deepEqual({ entered, active: gate.active }, { entered: ["a1", "a2", "b1", "a3"], active: 3 });
  });

  it("admits waiting requests in order, within the total", async () => {
    const gate = new ConnectionGate({ total: 1, perOrigin: 1, waiting: 10 });
    const entered: string[] = [];
    const first = await enter(gate, entered, "first", "a");
    const second = enter(gate, entered, "second", "b");
    const third = enter(gate, entered, "third", "c");
    first[Symbol.dispose]();
    const place = await second;
    await settled();
    assert.deepEqual(entered, ["first", "second"]);
    place[Symbol.dispose]();
    await third;
    assert.deepEqual(entered, ["first", "second", "third"]);
  });

  it("refuses at once when too many wait", async () => {
    const gate = new ConnectionGate({ total: 1, perOrigin: 1, waiting: 1 });
    const place = await gate.enter("a", never);
    const waiting = gate.enter("a", never);
    await assert.rejects(gate.enter("a", never), { code: "upstream-busy", status: 503 });
    place[Symbol.dispose]();
    (await waiting)[Symbol.dispose]();
    assert.deepEqual({ active: gate.active, waiting: gate.waiting }, { active: 0, waiting: 0 });
  });

  it("forgets aborted requests, and releases a place only once", async () => {
    const gate = new ConnectionGate({ total: 1, perOrigin: 1, waiting: 2 });
    const place = await gate.enter("a", never);
    const gaveUp = new AbortController();
    const abandoned = gate.enter("a", gaveUp.signal);
    const patient = gate.enter("a", never);
    gaveUp.abort(new Error("gone"));
    await assert.rejects(abandoned, /gone/);
    place[Symbol.dispose]();
    place[Symbol.dispose]();
    await patient;
    assert.deepEqual({ active: gate.active, waiting: gate.waiting }, { active: 1, waiting: 0 });
    await assert.rejects(gate.enter("b", AbortSignal.abort(new Error("too late"))), /too late/);
  });
});
