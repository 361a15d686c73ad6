import assert from "node:assert/strict";
import { memoryLimitBytes } from "./memory-limit.ts";

const gib = 1024 ** 3;

describe("the memory of the process", () => {
  it("is the container's limit, or the machine's where there is none", () => {
    assert.equal(memoryLimitBytes(2 * gib, 8 * gib), 2 * gib);
    // What libuv returns without a limit.
    assert.equal(memoryLimitBytes(2 ** 63, 8 * gib), 8 * gib);
    assert.equal(memoryLimitBytes(0, 8 * gib), 8 * gib);
  });
});
