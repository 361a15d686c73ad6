import assert from "node:assert/strict";
import { rolloutTestName } from "./rollout-test.ts";

describe("name of a rollout's load test", () => {
  it("is the service's with the revision", () => {
    assert.equal(rolloutTestName("upscaler", 3), "upscaler-r3");
  });

  it("is short enough for a Job, and not that of another service with the same beginning", () => {
    const [a, b] = ["a", "b"].map((end) => rolloutTestName(`${"x".repeat(52)}${end}`, 12));
    assert.ok(a !== undefined && b !== undefined);
    assert.notEqual(a, b);
    for (const name of [a, b]) assert.match(name, /^(?=.{1,52}$)[a-z][-a-z0-9]*-r12$/);
  });
});
