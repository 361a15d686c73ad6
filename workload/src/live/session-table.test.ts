import assert from "node:assert/strict";
import { SessionTable, type TimedSession } from "./session-table.ts";

const timeouts = { connectMs: 15_000, silentMs: 8000 };

describe("the table of sessions", () => {
  const cases = [
    ["keeps a session that may still connect", { connected: false }, undefined, 15_000, []],
    ["ends a session that never connected", { connected: false }, undefined, 15_001, ["never-connected"]],
    ["ends a session that only knocks", { connected: false }, 15_000, 15_001, ["never-connected"]],
    ["keeps a session that was heard", { connected: true }, 20_000, 28_000, []],
    ["ends a session that is silent", { connected: true }, 20_000, 28_001, ["silent"]],
    ["ends a session that connected and was never heard", { connected: true }, undefined, 8001, ["silent"]],
  ] as const;
  for (const [what, state, heardAt, now, expected] of cases) {
    it(what, () => {
      const table = new SessionTable<TimedSession>();
      table.add({ id: "a", kind: "publish", stream: "s", openedAt: 0, ...state });
      const expired = table.expired(now, timeouts, () => heardAt);
      assert.deepEqual(
        expired.map(({ reason }) => reason),
        expected,
      );
    });
  }

  it("finds the publisher and the viewers of a stream", () => {
    const table = new SessionTable<TimedSession>();
    const session = (id: string, kind: TimedSession["kind"], stream: string | null): void =>
      table.add({ id, kind, stream, openedAt: 0, connected: true });
    session("a", "publish", "s");
    session("b", "view", "s");
    session("c", "view", "t");
    session("d", "exchange", null);
    assert.equal(table.publisherOf("s")?.id, "a");
    assert.equal(table.publisherOf("t"), undefined);
    assert.deepEqual(
      table.viewersOf("s").map(({ id }) => id),
      ["b"],
    );
    assert.equal(table.count("view"), 2);
  });
});
