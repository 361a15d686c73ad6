import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Backoff, backoffMs } from "./backoff.ts";

describe("backoffMs", () => {
  const cases: readonly { failures: number; random: number; wait: number }[] = [
    { failures: 1, random: 0, wait: 50 },
    { failures: 1, random: 0.5, wait: 75 },
    { failures: 2, random: 0, wait: 100 },
    { failures: 5, random: 0, wait: 800 },
    { failures: 6, random: 0, wait: 1_000 },
    { failures: 1_000_000, random: 0, wait: 1_000 },
  ];
  for (const { failures, random, wait } of cases) {
    it(`waits ${wait} ms after ${failures} failures with random() = ${random}`, () => {
      assert.equal(backoffMs(failures, { baseMs: 100, capMs: 2_000, random: () => random }), wait);
    });
  }

  it("is never longer than the cap nor shorter than half the base", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (failures) => {
        const wait = backoffMs(failures, { baseMs: 100, capMs: 2_000 });
        assert.ok(wait >= 50 && wait <= 2_000, `${wait}`);
      }),
    );
  });
});

describe("Backoff", () => {
  const options = { baseMs: 100, capMs: 2_000, random: () => 0 };

  it("counts failures per key, and starts again after a success", () => {
    const backoff = new Backoff(options);
    const waits = [backoff.failed("media/a"), backoff.failed("media/a"), backoff.failed("media/b")];
    backoff.succeeded("media/a");
    assert.deepEqual([...waits, backoff.failed("media/a")], [50, 100, 50, 50]);
  });

  it("retries the first conflicts immediately, then backs off", () => {
    const backoff = new Backoff(options);
    const waits = Array.from({ length: 6 }, () => backoff.conflicted("media/a"));
    assert.deepEqual(waits, [0, 0, 0, 50, 100, 200]);
  });

  it("does not count conflicts as failures", () => {
    const backoff = new Backoff(options);
    backoff.conflicted("media/a");
    assert.equal(backoff.failed("media/a"), 50);
  });

  it("forgets a key that succeeded", () => {
    const backoff = new Backoff(options);
    backoff.failed("media/a");
    backoff.conflicted("media/b");
    assert.equal(backoff.size, 2);
    backoff.succeeded("media/a");
    backoff.succeeded("media/b");
    assert.equal(backoff.size, 0);
  });
});
