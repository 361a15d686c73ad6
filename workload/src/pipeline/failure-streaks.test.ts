import assert from "node:assert/strict";
import { FailureStreaks } from "./failure-streaks.ts";

describe("failures in a row", () => {
  it("replace a worker after the third, once", () => {
    const streaks = new FailureStreaks(1);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => streaks.failed(7)),
      [false, false, true, false],
    );
  });

  it("are counted for each worker, and forgotten after a success", () => {
    const streaks = new FailureStreaks(2);
    assert.deepEqual(
      [streaks.failed(0), streaks.failed(1), streaks.failed(0), streaks.failed(1)],
      [false, false, false, false],
    );
    streaks.succeeded(0);
    assert.deepEqual([streaks.failed(0), streaks.failed(1)], [false, true]);
  });

  it("end the process when every worker and a new one ended without a success", () => {
    const streaks = new FailureStreaks(2);
    assert.deepEqual(
      [0, 1, 2].map((worker) => streaks.endedWithoutSuccess(worker)),
      [false, false, true],
    );
  });

  it("do not end the process while a worker succeeds in between", () => {
    const streaks = new FailureStreaks(1);
    assert.equal(streaks.endedWithoutSuccess(0), false);
    streaks.succeeded(1);
    assert.equal(streaks.endedWithoutSuccess(1), false);
  });
});
