/** No link within the project is broken, and every page of docs/ is linked from its index. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { anchorsOf, linksOf, pages, readPage, root } from "./pages.ts";

const index = "docs/README.md";

/** Returns the target of a link as a path from the root; undefined for external links. */
function targetOf(page: string, link: string): { readonly file: string; readonly anchor: string } | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", anchor = ""] = decodeURI(link).split("#");
  return { file: path === "" ? page : posix.join(posix.dirname(page), path), anchor };
}

function problemsOf(page: string): readonly string[] {
  return linksOf(readPage(page)).flatMap((link) => {
    const target = targetOf(page, link);
    if (target === undefined) return [];
    if (!existsSync(`${root}${target.file}`)) return [`${link}: ${target.file} does not exist`];
    if (target.anchor === "" || !target.file.endsWith(".md")) return [];
    return anchorsOf(readPage(target.file)).has(target.anchor) ? [] : [`${link}: ${target.file} has no such heading`];
  });
}

/** Returns all pages that are reachable from one. */
function reachedFrom(start: string): ReadonlySet<string> {
  const reached = new Set([start]);
  // Iterating over a set includes the elements added meanwhile.
  for (const page of reached) {
    for (const link of linksOf(readPage(page))) {
      const file = targetOf(page, link)?.file;
      if (file !== undefined && pages.includes(file)) reached.add(file);
    }
  }
  return reached;
}

describe("links between the pages", () => {
  for (const page of pages) it(`of ${page} are not broken`, () => assert.deepEqual(problemsOf(page), []));

  it("reach every page from the index of docs/", () => {
    assert.ok(pages.length > 30, "the pages were not found");
    const reached = reachedFrom(index);
    assert.deepEqual(
      pages.filter((page) => page !== "README.md" && !reached.has(page)),
      [],
    );
  });

  it("lead from the README to the index", () => assert.ok(linksOf(readPage("README.md")).includes(index)));

  it("of the index name every page of docs/", () => {
    const named = new Set(linksOf(readPage(index)).map((link) => targetOf(index, link)?.file));
    const own = pages.filter((page) => /^docs\/[^/]*\.md$/.test(page) && page !== index);
    assert.deepEqual(
      own.filter((page) => !named.has(page)),
      [],
    );
  });
});
