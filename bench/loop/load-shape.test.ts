import assert from "node:assert/strict";
import { loadShapes, reportAt } from "./load-shape.ts";

describe("the simulated load of the benchmark of status writes", () => {
  const percents = (index: number, chance = 0.5): readonly number[] => {
    const shape = loadShapes[index] ?? assert.fail();
    return [0, 60, 120, 300, 600].map(
      (seconds) => reportAt(shape, seconds, 0, chance).gpus.devices[0]?.utilizationPercent ?? NaN,
    );
  };

  it("is even, in waves, or in steps", () => {
    assert.deepEqual(percents(0), [70, 70, 70, 70, 70]);
    assert.deepEqual(percents(1), [65, 71, 77, 85, 65]);
    assert.deepEqual(percents(2), [20, 20, 63, 37, 26]);
  });

  it("has noise", () => assert.deepEqual([...percents(0, 0), ...percents(0, 1)].slice(4, 6), [67, 73]));
});
