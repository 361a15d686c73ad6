/** docs/architecture.md lists every package, in its tables and diagrams, and marks those as pure that lint keeps pure. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fencesOf, readPage, root } from "./pages.ts";

const page = readPage("docs/architecture.md");
const rows = [...page.matchAll(/^\| (`[^|]*) \|[^|]*\|(?: *(\w*) *\|)?$/gm)].map(([, names = "", pure = ""]) => ({
  packages: [...names.matchAll(/`([^`]+)\/`/g)].map(([, name = ""]) => name),
  pure: pure === "yes",
}));
const listed = rows.flatMap(({ packages }) => packages);

function packagesIn(folder: string): readonly string[] {
  const entries = readdirSync(`${root}${folder}`, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${folder}/${entry.name}`);
}

describe("docs/architecture.md", () => {
  it("has a row for every package of the operator and the processor, and for no missing folder", () => {
    for (const program of ["operator/src", "workload/src"]) {
      const own = listed.filter((name) => name.startsWith(program));
      assert.deepEqual(own.toSorted(), packagesIn(program).toSorted());
    }
    const others = listed.filter((name) => !name.includes("/src/"));
    assert.deepEqual(
      others.filter((name) => !existsSync(`${root}${name}`)),
      [],
    );
  });

  it("marks those packages as pure that lint keeps pure", () => {
    const settings = readFileSync(`${root}.oxlintrc.json`, "utf8");
    const [, files = ""] = /"files": \[([^\]]*)\],\s*"rules": \{\s*"no-restricted-imports"/.exec(settings) ?? [];
    const kept = [...files.matchAll(/"([^"]+)\/\*\*"/g)].map(([, folder = ""]) => folder.replace(/^api\/src$/, "api"));
    const called = rows.filter(({ pure }) => pure).flatMap(({ packages }) => packages);
    assert.deepEqual(called.toSorted(), kept.toSorted());
  });

  it("draws existing packages only", () => {
    const drawn = fencesOf(page)
      .filter(({ language }) => language === "mermaid")
      .flatMap(({ text }) => [...text.matchAll(/\[([a-z-]+): /g)].map(([, name = ""]) => name));
    const packages = new Set(listed.map((name) => name.split("/").at(-1)));
    assert.ok(drawn.length > 10, "the diagrams were not found");
    assert.deepEqual(
      drawn.filter((name) => !packages.has(name)),
      [],
    );
  });
});
