import assert from "node:assert/strict";
import { tableRow, wrap } from "./table.ts";

describe("wrapped text", () => {
  const cases: readonly (readonly [text: string, width: number, lines: readonly string[]])[] = [
    ["", 5, [""]],
    ["short", 5, ["short"]],
    ["two words", 5, ["two", "words"]],
    ["two words fit", 9, ["two words", "fit"]],
    ["a,b,c", 3, ["a,", "b,c"]],
    ["a, b", 4, ["a, b"]],
    ["overlong", 5, ["overl", "ong"]],
    ["an overlong word", 5, ["an", "overl", "ong", "word"]],
  ];
  for (const [text, width, lines] of cases) {
    it(`${JSON.stringify(text)} at ${width}`, () => assert.deepEqual(wrap(text, width), lines));
  }
});

describe("a row", () => {
  it("is as high as its highest cell, without trailing blanks", () => {
    assert.deepEqual(tableRow(["name", "1", "why it is one"], [6, 3, 8]), [
      "name    1    why it",
      "             is one",
    ]);
  });
});
