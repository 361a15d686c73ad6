import assert from "node:assert/strict";
import { problemsOfCitations, titlesOf } from "./titles.ts";

describe("titlesOf", () => {
  const source = `
describe("outer", () => {
  it('has a "quote"', () => {});
  for (const title of ["first", "second"]) it(\`\${title} is read\`, () => assert.equal(title, "not a title"));
  const cases = [{ title: "of a case" }, ["of a row", 1]];
  const table = {
    "of a key": { is: "not a title" },
    "of a key of a list": [1],
  };
});`;

  it("returns titles of suites, tests, cases and rows, and no other strings", () => {
    assert.deepEqual(titlesOf(source), [
      "outer",
      'has a "quote"',
      "first",
      "… is read",
      "of a case",
      "of a row",
      "of a key",
      "of a key of a list",
    ]);
  });
});

describe("problemsOfCitations", () => {
  const file = "e2e/docs/titles.test.ts";
  const cases: readonly (readonly [what: string, text: string, problems: readonly string[]])[] = [
    ["an existing title", `[a](../${file}) "problemsOfCitations"`, []],
    ["a file alone", `[a](../${file})`, []],
    ["a part of a title", `[a](../${file}) "problemsOf"`, [`${file}: 0 tests have the title "problemsOf"`]],
    ["a missing file", '[a](../no.test.ts) "any"', ["no.test.ts does not exist"]],
  ];
  for (const [what, text, problems] of cases) {
    it(`checks ${what}`, () => assert.deepEqual(problemsOfCitations(text), problems));
  }
});
