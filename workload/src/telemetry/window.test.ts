import assert from "node:assert/strict";
import { Window } from "./window.ts";

describe("the window of 15 seconds", () => {
  it("counts events in it, and forgets older ones", () => {
    let now = 0;
    const window = new Window(["hit", "miss"], [], () => now);
    for (; now < 20_000; now += 1000) window.count("hit");
    now = 19_999;
    assert.equal(window.total("hit"), 15);
    assert.equal(window.total("miss"), 0);
    now = 60_000;
    assert.equal(window.total("hit"), 0);
  });

  it("reports how long it is, which is shorter just after the start", () => {
    let now = 5000;
    const window = new Window([], [], () => now);
    now = 7500;
    assert.equal(window.seconds, 2.5);
    now = 100_250;
    assert.equal(window.seconds, 14.25);
  });

  it("returns percentiles that are at most 4 % too high", () => {
    const window = new Window([], ["ms"], () => 0);
    for (let ms = 1; ms <= 1000; ms++) window.record("ms", ms);
    const figures = window.figures("ms");
    assert.deepEqual([figures.count, figures.mean, figures.max], [1000, 500.5, 1000]);
    for (const share of [0.5, 0.95, 0.99, 1]) {
      const found = figures.percentile(share);
      assert.ok(found >= share * 1000 && found <= share * 1040, `${share}: ${found}`);
    }
  });

  it("clears a slice that it used 15 seconds ago", () => {
    let now = 0;
    const window = new Window([], ["ms"], () => now);
    window.record("ms", 500);
    now = 15_000;
    window.record("ms", 3);
    assert.deepEqual([window.figures("ms").count, window.figures("ms").max], [1, 3]);
  });
});
