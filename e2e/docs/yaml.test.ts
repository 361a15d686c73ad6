/** The operator accepts every gpumedia.io object on the pages. */
import assert from "node:assert/strict";
import { check } from "@gpumedia/operator/src/cli/check.ts";
import { contentsOf } from "@gpumedia/operator/src/cli/objects.ts";
import { fencesOf, pages, readPage } from "./pages.ts";

const shown = pages.flatMap((page) =>
  fencesOf(readPage(page))
    .filter(({ language, text }) => language === "yaml" && text.includes("apiVersion: gpumedia.io/"))
    .map(({ line, text }) => ({ name: `${page}:${line}`, text })),
);

describe("objects on the pages", () => {
  it("exist", () => assert.ok(shown.length > 1));

  for (const source of shown) {
    it(`${source.name} is valid`, () => {
      const { findings } = check(contentsOf([source]));
      assert.deepEqual(findings, []);
    });
  }
});
