/** docs/security.md cites a test or a file for each statement. Fails when one of them does not exist. */
import assert from "node:assert/strict";
import { readPage } from "./pages.ts";
import { problemsOfCitations } from "./titles.ts";

const rows = [...readPage("docs/security.md").matchAll(/^\| (?!statement|-)([^|]+) \| ([^|]+) \|$/gm)];

describe("docs/security.md", () => {
  it("has statements", () => assert.ok(rows.length > 20));

  for (const [, statement = "", shownBy = ""] of rows) {
    it(`cites a test that exists: ${statement.trim()}`, () => {
      assert.match(shownBy, /\]\(/);
      assert.deepEqual(problemsOfCitations(shownBy), []);
    });
  }
});
