/** docs/architecture.md knows each room of the tree, in its tables and its diagrams, and which rooms lint keeps pure. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fencesOf, readPage, root } from "./pages.ts";

const page = readPage("docs/architecture.md");
const rows = [...page.matchAll(/^\| (`[^|]*) \|[^|]*\|(?: *(\w*) *\|)?$/gm)].map(([, names = "", pure = ""]) => ({
  rooms: [...names.matchAll(/`([^`]+)\/`/g)].map(([, room = ""]) => room),
  pure: pure === "yes",
}));
const told = rows.flatMap(({ rooms }) => rooms);

function roomsIn(folder: string): readonly string[] {
  const entries = readdirSync(`${root}${folder}`, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`);
}

describe("docs/architecture.md", () => {
  it("has a line for each room of the operator and of the processor, and for none that is not there", () => {
    for (const program of ["operator/src", "workload/src"]) {
      const own = told.filter((room) => room.startsWith(program));
      assert.deepEqual(own.toSorted(), roomsIn(program).toSorted());
    }
    const others = told.filter((room) => !room.includes("/src/"));
    assert.deepEqual(
      others.filter((room) => !existsSync(`${root}${room}`)),
      [],
    );
  });

  it("calls those pure that lint keeps pure", () => {
    const settings = readFileSync(`${root}.oxlintrc.json`, "utf8");
    const [, files = ""] = /"files": \[([^\]]*)\],\s*"rules": \{\s*"no-restricted-imports"/.exec(settings) ?? [];
    const kept = [...files.matchAll(/"([^"]+)\/\*\*"/g)].map(([, folder = ""]) => folder.replace(/^api\/src$/, "api"));
    const called = rows.filter(({ pure }) => pure).flatMap(({ rooms }) => rooms);
    assert.deepEqual(called.toSorted(), kept.toSorted());
  });

  it("draws rooms that there are", () => {
    const drawn = fencesOf(page)
      .filter(({ language }) => language === "mermaid")
      .flatMap(({ text }) => [...text.matchAll(/\[([a-z-]+): /g)].map(([, room = ""]) => room));
    const rooms = new Set(told.map((room) => room.split("/").at(-1)));
    assert.ok(drawn.length > 10, "the diagrams were not found");
    assert.deepEqual(
      drawn.filter((room) => !rooms.has(room)),
      [],
    );
  });
});
