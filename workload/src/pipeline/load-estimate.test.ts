import assert from "node:assert/strict";
import { LoadEstimate } from "./load-estimate.ts";

describe("the estimated wait", () => {
  it("is 0 before the first batch and while no job is outstanding", () => {
    const load = new LoadEstimate();
    load.enter(1000);
    assert.equal(load.waitMs(2), 0);
    load.learn(1, 1000, 50);
    load.leave(1000);
    assert.equal(load.waitMs(2), 0);
  });

  it("is divided among the workers", () => {
    const load = new LoadEstimate();
    load.learn(4, 400_000, 400);
    for (let index = 0; index < 4; index++) load.enter(100_000);
    assert.deepEqual([load.waitMs(1), load.waitMs(2)].map(Math.round), [400, 200]);
  });

  it("of a photograph is not scaled up by pixels from an icon", () => {
    const load = new LoadEstimate();
    load.learn(1, 64, 1);
    load.enter(640 * 480);
    assert.ok(load.waitMs(1) < 100, `${load.waitMs(1)} ms`);
  });
});
