/** docs/guide.md maps each line of the guide to settings, children and tests. Fails when one of them does not exist. */
import assert from "node:assert/strict";
import { builtInProfileNames, builtInProfiles } from "@gpumedia/api";
import { readPage } from "./pages.ts";
import { problemsOfCitations } from "./titles.ts";

/** Number of lines of the guide, by its headings. */
const lines: Readonly<Record<string, number>> = {
  "Key Performance Metrics": 5,
  "CUDA Configuration": 3,
  "Memory Management": 3,
  "GPU Workload Patterns": 6,
  "FastAPI Performance": 7,
  "Connection Pooling": 5,
  "Horizontal Pod Autoscaler (HPA)": 7,
  "Vertical Pod Autoscaler (VPA)": 6,
  "Load Balancing": 5,
  "CDN Integration": 4,
  "GPU Metrics": 4,
  "Application Metrics": 2,
  "Load Testing Scenarios": 3,
  "Profiling Tools": 3,
  Development: 4,
  Staging: 4,
  Production: 4,
  "Pre-deployment": 5,
  "Runtime Optimization": 5,
  "Continuous Improvement": 5,
};

interface Row {
  readonly section: string;
  readonly line: string;
  readonly livesIn: string;
  readonly shownBy: string;
}

const rows = readRows(readPage("docs/guide.md"));

describe("docs/guide.md", () => {
  it("has every line of the guide", () => {
    const counts = Object.fromEntries(
      Object.keys(lines).map((section) => [section, rows.filter((row) => row.section === section).length]),
    );
    assert.deepEqual(
      { counts, all: rows.length },
      { counts: lines, all: Object.values(lines).reduce((a, b) => a + b) },
    );
  });

  for (const { section, line, livesIn, shownBy } of rows) {
    describe(`${section}: ${line}`, () => {
      it("has no empty cell", () => assert.ok(line !== "" && livesIn !== "" && shownBy !== ""));

      it("names settings that exist", () => assert.deepEqual(settingsOf(livesIn).filter(isUnknown), []));

      it("cites tests that exist", () => {
        assert.match(shownBy, /\]\([^)]+\) "/);
        assert.deepEqual(problemsOfCitations(shownBy), []);
      });
    });
  }

  for (const section of Object.keys(lines)) {
    it(`names every setting that a built-in profile takes from the section ${section}`, () => {
      const named = rows.filter((row) => row.section === section).flatMap(({ livesIn }) => settingsOf(livesIn));
      const missing = sourcedFrom(section).filter((path) => !named.some((setting) => contains(setting, path)));
      assert.deepEqual(missing, []);
    });
  }
});

/** The settings named in a cell: neither members of the processor's configuration nor of a status. */
function settingsOf(cell: string): readonly string[] {
  const paths = [...cell.matchAll(/`([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)+|replicas|sysctls)`/g)];
  return paths.map(([, path = ""]) => path).filter((path) => !/^(?:listen|status)\./.test(path));
}

function isUnknown(path: string): boolean {
  let node: unknown = builtInProfiles.production.spec;
  for (const key of path.split(".")) node = (node as Readonly<Record<string, unknown>> | undefined)?.[key];
  return node === undefined && path !== "replicas";
}

/** The settings whose value in a built-in profile comes from this section of the guide. */
function sourcedFrom(section: string): readonly string[] {
  const paths = builtInProfileNames.flatMap((name) =>
    [...builtInProfiles[name].sources].filter(([, source]) => source.section === section).map(([path]) => path),
  );
  return [...new Set(paths)];
}

function contains(setting: string, path: string): boolean {
  return path === setting || path.startsWith(`${setting}.`) || path.startsWith(`${setting}[`);
}

function readRows(text: string): readonly Row[] {
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((chapter) => {
      const [section = "", ...body] = chapter.split("\n");
      const table = body.filter((row) => row.startsWith("| ")).slice(2);
      return table.map((row) => {
        const [line = "", livesIn = "", shownBy = ""] = row
          .split(" | ")
          .map((cell) => cell.replaceAll(/^\| | \|$/g, "").trim());
        return { section, line, livesIn, shownBy };
      });
    });
}
