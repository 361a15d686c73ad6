/** Every link within the project leads somewhere, and every page of docs/ can be found from its index. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { anchorsOf, linksOf, pages, readPage, root } from "./pages.ts";

const index = "docs/README.md";

/** The file that a page's link leads to, from the root; undefined for one that leaves the project. */
function targetOf(page: string, link: string): { readonly file: string; readonly anchor: string } | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", anchor = ""] = decodeURI(link).split("#");
  return { file: path === "" ? page : posix.join(posix.dirname(page), path), anchor };
}

function problemsOf(page: string): readonly string[] {
  return linksOf(readPage(page)).flatMap((link) => {
    const target = targetOf(page, link);
    if (target === undefined) return [];
    if (!existsSync(`${root}${target.file}`)) return [`${link}: there is no ${target.file}`];
    if (target.anchor === "" || !target.file.endsWith(".md")) return [];
    return anchorsOf(readPage(target.file)).has(target.anchor) ? [] : [`${link}: ${target.file} has no such heading`];
  });
}

/** All pages that a reader can come to from one. */
function reachedFrom(start: string): ReadonlySet<string> {
  const reached = new Set([start]);
  // A set goes on to what is added while it is iterated.
  for (const page of reached) {
    for (const link of linksOf(readPage(page))) {
      const file = targetOf(page, link)?.file;
      if (file !== undefined && pages.includes(file)) reached.add(file);
    }
  }
  return reached;
}

describe("links between the pages", () => {
  for (const page of pages) it(`${page} leads to what is there`, () => assert.deepEqual(problemsOf(page), []));

  it("lead from the index of docs/ to every page", () => {
    assert.ok(pages.length > 30, "the pages were not found");
    const reached = reachedFrom(index);
    assert.deepEqual(
      pages.filter((page) => page !== "README.md" && !reached.has(page)),
      [],
    );
  });

  it("lead from the README to that index", () => assert.ok(linksOf(readPage("README.md")).includes(index)));

  it("name every page of docs/ in the index itself", () => {
    const named = new Set(linksOf(readPage(index)).map((link) => targetOf(index, link)?.file));
    const own = pages.filter((page) => /^docs\/[^/]*\.md$/.test(page) && page !== index);
    assert.deepEqual(
      own.filter((page) => !named.has(page)),
      [],
    );
  });
});
