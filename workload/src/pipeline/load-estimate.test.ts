import assert from "node:assert/strict";
import { LoadEstimate } from "./load-estimate.ts";

describe("the estimated wait", () => {
  it("is 0 before the first batch and while no job is outstanding", () => {
    const load = new LoadEstimate();
    load.enter(1000);
    assert.equal(load.waitMs(2), 0);
    load.learn(1, 1000, 50, false);
    load.leave(1000);
    assert.equal(load.waitMs(2), 0);
  });

  it("is divided among the workers", () => {
    const load = new LoadEstimate();
    load.learn(4, 400_000, 400, false);
    for (let index = 0; index < 4; index++) load.enter(100_000);
    assert.deepEqual([load.waitMs(1), load.waitMs(2)].map(Math.round), [400, 200]);
  });

  it("of a burst on a new worker does not count the slow first run", () => {
    const load = new LoadEstimate();
    const pixels = 48 * 32;
    // A worker needed 30 ms for its first picture and 1.3 ms for the next one; with little CPU the first takes longer.
    for (let index = 0; index < 32; index++) load.enter(pixels);
    load.learn(1, pixels, 200, true);
    load.learn(1, pixels, 200, true);
    assert.equal(load.waitMs(2), 0);
    load.learn(1, pixels, 1.3, false);
    load.learn(1, pixels, 200, true);
    assert.ok(load.waitMs(2) < 30, `${load.waitMs(2)} ms`);
  });

  it("is known from first runs where the model is slow, until a later run is measured", () => {
    const load = new LoadEstimate();
    load.enter(1_000_000);
    load.learn(1, 1_000_000, 10_000, true);
    assert.equal(Math.round(load.waitMs(1)), 9000);
    load.learn(1, 1_000_000, 8000, false);
    assert.equal(Math.round(load.waitMs(1)), 8000);
  });

  it("of a photograph is not scaled up by pixels from an icon", () => {
    const load = new LoadEstimate();
    load.learn(1, 64, 1, false);
    load.enter(640 * 480);
    assert.ok(load.waitMs(1) < 100, `${load.waitMs(1)} ms`);
  });
});
