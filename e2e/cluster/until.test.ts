import assert from "node:assert/strict";
import { pauseMs, until } from "./until.ts";

describe("waiting", () => {
  it("returns the first result", async () => {
    const results = [undefined, false, 0] as const;
    let reads = 0;
    assert.equal(await until("a result", () => results[reads++], { everyMs: 1 }), 0);
  });

  it("reads less often the longer it takes, but never less than four times a second unless asked to", () => {
    const pauses = [0, 400, 2_000, 60_000].map((waitedMs) => pauseMs(20, waitedMs));
    assert.deepEqual([...pauses, pauseMs(500, 60_000)], [20, 20, 100, 250, 500]);
  });

  it("fails with what it waited for and the last value seen", async () => {
    let reads = 0;
    await assert.rejects(
      until("2 replicas", (see) => see({ replicas: ++reads }).replicas > 5, { withinMs: 0 }),
      { message: 'timed out after 0 s waiting for 2 replicas; last seen: {"replicas":1}' },
    );
    await assert.rejects(
      until("anything", (see) => see(undefined), { withinMs: 0 }),
      { message: "timed out after 0 s waiting for anything; last seen: undefined" },
    );
    await assert.rejects(
      until("anything", () => undefined, { withinMs: 0 }),
      { message: "timed out after 0 s waiting for anything" },
    );
  });
});
