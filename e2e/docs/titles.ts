/** The tests that a page cites: `[file](path) "title"`. */
import { existsSync, readFileSync } from "node:fs";
import { root } from "./pages.ts";

/** A title in a test's source: the first argument of `it` or `describe`, or the title or key of a row in a table of cases. */
const title =
  /(?:\b(?:it|describe)(?:\.\w+)?\(\s*|\b(?:title|name): |\[\s*|^ +(?=["'].*["']: [[{]))(["'`])((?:\\.|(?!\1)[^\\])*)\1/gm;

const citation = /\]\((?:\.\.\/)*([^)]+)\)(?: "([^"]+)")?/g;

/** Returns what is wrong with the citations of a page in `docs/`: a missing file, or a title that not exactly one test has. */
export function problemsOfCitations(text: string): readonly string[] {
  return [...text.matchAll(citation)].flatMap(([, file = "", cited]) => {
    if (!existsSync(root + file)) return [`${file} does not exist`];
    if (cited === undefined) return [];
    const found = titlesOf(readFileSync(root + file, "utf8")).filter((candidate) => candidate === cited).length;
    return found === 1 ? [] : [`${file}: ${found} tests have the title "${cited}"`];
  });
}

/** A template's expressions are written as `…`. */
export function titlesOf(source: string): readonly string[] {
  return [...source.matchAll(title)].map(([, , text = ""]) =>
    text.replaceAll(/\$\{[^}]*\}/g, "…").replaceAll(/\\(.)/g, "$1"),
  );
}
