import assert from "node:assert/strict";
import { withProcessorTag, withVersion } from "./versions.ts";

const bench = {
  name: "@gpumedia/bench",
  version: "0.1.0",
  dependencies: { "@gpumedia/operator": "0.1.0", "@gpumedia/processor": "0.1.0", undici: "^8.0.0" },
};

describe("a new version", () => {
  it("of everything but the processor updates the dependents", () => {
    const dependencies = { "@gpumedia/operator": "0.2.0", "@gpumedia/processor": "0.1.0", undici: "^8.0.0" };
    assert.deepEqual(withVersion(bench, "0.2.0", "rest"), { ...bench, version: "0.2.0", dependencies });
  });

  it("of the processor changes nothing else", () => {
    const dependencies = { "@gpumedia/operator": "0.1.0", "@gpumedia/processor": "0.2.0", undici: "^8.0.0" };
    assert.deepEqual(withVersion(bench, "0.2.0", "processor"), { ...bench, dependencies });
    const own = { name: "@gpumedia/processor", version: "0.1.0" };
    assert.deepEqual(withVersion(own, "0.2.0", "processor"), { ...own, version: "0.2.0" });
    assert.deepEqual(withVersion(own, "0.2.0", "rest"), own);
  });

  it("of the processor changes the image tag in the chart's values", () => {
    assert.equal(
      withProcessorTag('const processorImage = "gpumedia-processor:0.1.0";', "0.2.0"),
      'const processorImage = "gpumedia-processor:0.2.0";',
    );
  });
});
