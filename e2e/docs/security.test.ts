/** docs/security.md names a test or a file for each statement: this holds it to that. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { readPage, root } from "./pages.ts";

const rows = [...readPage("docs/security.md").matchAll(/^\| (?!statement|-)([^|]+) \| ([^|]+) \|$/gm)];

describe("docs/security.md", () => {
  it("has statements", () => assert.ok(rows.length > 20));

  for (const [, statement = "", shownBy = ""] of rows) {
    it(`names who shows: ${statement.trim()}`, () => {
      const named = [...shownBy.matchAll(/\]\(\.\.\/([^)]+)\)(?: "([^"]+)")?/g)];
      assert.ok(named.length > 0, "nobody");
      for (const [, file = "", title] of named) {
        assert.ok(existsSync(root + file), file);
        if (title !== undefined)
          assert.ok(readFileSync(root + file, "utf8").includes(title), `${file} has no ${title}`);
      }
    });
  }
});
