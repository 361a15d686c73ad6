import assert from "node:assert/strict";
import { specGroups } from "./spec-groups.ts";

const files = (directory: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `specs/${directory}/${index}.spec.ts`);

describe("the groups of the end-to-end specs", () => {
  it("have each spec once, with the others of its directory, and begin with the largest", () => {
    const [loop, install] = [files("loop", 1), files("install", 2)];
    assert.deepEqual(specGroups([...loop, ...install, "specs/c.spec.ts"]), [
      { name: "install", files: install },
      { name: "loop", files: loop },
      { name: "specs", files: ["specs/c.spec.ts"] },
    ]);
  });

  it("are several of a directory with many specs, which share them out", () => {
    const operator = files("operator", 24);
    const groups = specGroups(operator);
    assert.deepEqual(
      groups.map(({ name }) => name),
      ["operator 1/2", "operator 2/2"],
    );
    assert.deepEqual(
      groups.map(({ files: part }) => part.length),
      [12, 12],
    );
    assert.deepEqual(new Set(groups.flatMap(({ files: part }) => part)), new Set(operator));
  });
});
