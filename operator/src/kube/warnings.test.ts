import assert from "node:assert/strict";
import { once, warningsOf } from "./warnings.ts";

describe("the warnings of a response", () => {
  const cases: Readonly<
    Record<string, readonly [header: string | readonly string[] | undefined, texts: readonly string[]]>
  > = {
    none: [undefined, []],
    one: [
      '299 - "policy/v1beta1 PodDisruptionBudget is deprecated"',
      ["policy/v1beta1 PodDisruptionBudget is deprecated"],
    ],
    "two in one value, with a comma in the text": ['299 - "one, two", 299 - "three"', ["one, two", "three"]],
    "two values, with escaped quotes": [
      ['299 - "unknown field \\"spec.x\\""', '299 - "b"'],
      ['unknown field "spec.x"', "b"],
    ],
    "something else": ["deprecated", []],
  };
  for (const [title, [header, texts]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(warningsOf(header), texts));
  }

  it("are passed on once each, until there are too many to remember", () => {
    const passed: string[] = [];
    const report = once((text) => passed.push(text));
    const request = { method: "PATCH", path: "/" };
    for (const text of ["a", "b", "a"]) report(text, request);
    assert.deepEqual(passed, ["a", "b"]);
    for (let index = 0; index < 500; index++) report(String(index), request);
    assert.equal(passed.length, 502);
    report("a", request);
    assert.equal(passed.at(-1), "a");
  });
});
