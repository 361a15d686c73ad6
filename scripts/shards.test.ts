import assert from "node:assert/strict";
import { shardsOf } from "./shards.ts";

describe("the shards of the end-to-end specs", () => {
  it("have each spec once, those of a shared cluster together", () => {
    const files = ["loop/a.spec.ts", "operator/b.spec.ts", "c.spec.ts"];
    assert.deepEqual(shardsOf(files.map((file) => `e2e/specs/${file}`)), [
      { name: "operator", files: ["e2e/specs/operator/b.spec.ts"] },
      { name: "others", files: ["e2e/specs/loop/a.spec.ts", "e2e/specs/c.spec.ts"] },
    ]);
  });
});
