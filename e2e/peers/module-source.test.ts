import assert from "node:assert/strict";
import { edited } from "./module-source.ts";

describe("an edit of a neighbour's source", () => {
  const edit = { reason: "", file: "main.go", from: "a{", until: "}" };

  it("replaces the text up to the next end, which stays", () => {
    assert.equal(edited("x a{b} a{c}", { ...edit, by: "!" }), "x !} a{c}");
  });

  it("removes the text by default", () => {
    assert.equal(edited("x a{b} y", edit), "x } y");
  });

  it("fails where another version lacks the text, and names the file", () => {
    for (const [text, missing] of [
      ["x }", '"a{"'],
      ["x a{ y", '"}"'],
    ] as const) {
      assert.throws(() => edited(text, edit), { message: `main.go has no ${missing}: update its edits` });
    }
  });
});
