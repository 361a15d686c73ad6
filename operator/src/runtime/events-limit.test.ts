import assert from "node:assert/strict";
import * as fc from "fast-check";
import { TokenBuckets } from "./events-limit.ts";

describe("TokenBuckets", () => {
  it("reports whether a token is available without taking it", () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1_000 });
    assert.deepEqual([buckets.has("a", 0), buckets.has("a", 0), buckets.take("a", 0)], [true, true, true]);
    assert.deepEqual([buckets.has("a", 999), buckets.has("a", 1_000)], [false, true]);
  });

  const limit = { burst: 3, refillMs: 1_000 };

  it("lets a burst pass, then one per refill", () => {
    const buckets = new TokenBuckets(limit);
    const times = [0, 0, 0, 0, 999, 1_000, 1_000, 2_000, 9_000, 9_000, 9_000, 9_000];
    const passed = times.filter((now) => buckets.take("a", now));
    assert.deepEqual(passed, [0, 0, 0, 1_000, 2_000, 9_000, 9_000, 9_000]);
  });

  it("keeps keys apart", () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1_000 });
    assert.deepEqual([buckets.take("a", 0), buckets.take("a", 0), buckets.take("b", 0)], [true, false, true]);
  });

  it("forgets full buckets", () => {
    const buckets = new TokenBuckets(limit);
    for (let i = 0; i < 100; i++) buckets.take(`key ${i}`, 0);
    assert.equal(buckets.size, 100);
    buckets.take("other", 1_000);
    assert.equal(buckets.size, 1);
  });

  it("never lets more pass in any period than the burst and the refill of that period", () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(1_500), key: fc.constantFrom("a", "b") }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (list) => {
        const buckets = new TokenBuckets(limit);
        const passed: number[] = [];
        let now = 0;
        for (const { waitMs, key } of list) {
          now += waitMs;
          if (buckets.take(key, now) && key === "a") passed.push(now);
        }
        for (const [index, from] of passed.entries()) {
          for (const [offset, to] of passed.slice(index).entries()) {
            assert.ok(offset + 1 <= limit.burst + (to - from) / limit.refillMs + 1e-9);
          }
        }
      }),
    );
  });
});
