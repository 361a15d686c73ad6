import assert from "node:assert/strict";
import { specGroups } from "./spec-groups.ts";

describe("the groups of the end-to-end specs", () => {
  it("have each spec once, with the others of its directory, and begin with the largest", () => {
    const files = ["specs/loop/a.spec.ts", "specs/operator/b.spec.ts", "specs/c.spec.ts", "specs/operator/d.spec.ts"];
    assert.deepEqual(specGroups(files), [
      ["specs/operator/b.spec.ts", "specs/operator/d.spec.ts"],
      ["specs/loop/a.spec.ts"],
      ["specs/c.spec.ts"],
    ]);
  });
});
