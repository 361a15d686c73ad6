import assert from "node:assert/strict";
import { requiredDriver } from "./driver.ts";

describe("the driver that a container requires", () => {
  // Conditions as images set them in NVIDIA_REQUIRE_CUDA.
  const cases: readonly (readonly [message: string, driver: string | undefined])[] = [
    ["unsatisfied condition: cuda>=13.0, please update your driver", "CUDA 13.0 needs driver 580 or later"],
    ["unsatisfied condition: cuda>=12.4", "CUDA 12.4 needs driver 550 or later"],
    ["unsatisfied condition: cuda>=19.7", "the image needs a driver that supports CUDA 19.7"],
    ["unsatisfied condition: driver>=535.54", "the image needs driver 535.54 or later"],
    ["unsatisfied condition: brand = tesla", undefined],
    ["initialization error: nvml error: driver not loaded", undefined],
  ];
  for (const [message, driver] of cases) it(message, () => assert.equal(requiredDriver(message), driver));
});
