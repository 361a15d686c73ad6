import assert from "node:assert/strict";
import { until } from "./until.ts";

describe("waiting", () => {
  it("returns the first result", async () => {
    const results = [undefined, false, 0] as const;
    let reads = 0;
    assert.equal(await until("a result", () => results[reads++], { everyMs: 1 }), 0);
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
