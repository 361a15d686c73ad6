import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import { rolloutTest, rolloutTestName } from "./rollout-test.ts";

describe("the name of the load test of a rollout", () => {
  it("is the name of the service with the revision", () => {
    assert.equal(rolloutTestName("upscaler", 3), "upscaler-r3");
  });

  it("is short enough for a Job, and differs between services with a common prefix", () => {
    const [a, b] = ["a", "b"].map((end) => rolloutTestName(`${"x".repeat(52)}${end}`, 12));
    assert.ok(a !== undefined && b !== undefined);
    assert.notEqual(a, b);
    for (const name of [a, b]) assert.match(name, /^(?=.{1,52}$)[a-z][-a-z0-9]*-r12$/);
  });
});

describe("the load test of a rollout", () => {
  const service = sampleService({ profile: "staging" });
  const specOf = (passed?: string): unknown =>
    (
      rolloutTest(
        service,
        "upscaler-r2",
        passed === undefined ? undefined : { metadata: { name: passed } as never },
      ) as {
        spec?: unknown;
      }
    ).spec;

  it("is compared with the last one that passed, if there is one", () => {
    assert.deepEqual(specOf(), { serviceRef: { name: "upscaler" }, scenario: "baseline" });
    assert.deepEqual(specOf("upscaler-r1"), {
      serviceRef: { name: "upscaler" },
      scenario: "baseline",
      regression: { against: "upscaler-r1", tolerancePercent: 10 },
    });
  });
});
