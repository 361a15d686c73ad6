import assert from "node:assert/strict";
import { timeoutOf } from "./deadlines.ts";

describe("the time that a request may take", () => {
  it("is the request timeout up to 4096x4096 pixels", () =>
    assert.deepEqual([timeoutOf(1, 30_000), timeoutOf(4096 * 4096, 30_000)], [30_000, 30_000]));

  it("grows with the pixels beyond", () => assert.equal(timeoutOf(3 * 4096 * 4096, 30_000), 90_000));
});
