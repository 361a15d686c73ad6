/** docs/guide.md says where each line of the guide lives and which test shows it: this holds it to that. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { builtInProfiles } from "@gpumedia/api";
import { anchorsOf } from "./pages.ts";

const page = new URL("../../docs/guide.md", import.meta.url);

/** Lines of the guide by its headings. */
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

const rows = readRows(readFileSync(page, "utf8"));

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

      it("names settings that there are", () => {
        const paths = [...livesIn.matchAll(/`([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)`/g)].map(([, path = ""]) => path);
        const unknown = paths.filter((path) => !isSetting(path) && path !== "listen.host" && path !== "processing.env");
        assert.deepEqual(unknown, []);
      });

      it("links to pages and sections that there are", () => {
        for (const [, target = ""] of livesIn.matchAll(/\]\(([^)]+)\)/g)) {
          const [file = "", anchor] = target.split("#");
          const url = new URL(file, page);
          assert.ok(existsSync(url), target);
          if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(url, "utf8")).has(anchor), target);
        }
      });

      it("names tests that there are", () => {
        const tests = [...shownBy.matchAll(/\]\(([^)]+)\) "([^"]+(?:"[^"]*")?)"/g)];
        assert.ok(tests.length > 0);
        for (const [, file = "", title = ""] of tests) {
          const url = new URL(file, page);
          assert.ok(existsSync(url), file);
          assert.ok(readFileSync(url, "utf8").includes(title), `${file} has no ${title}`);
        }
      });
    });
  }
});

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

function isSetting(path: string): boolean {
  let node: unknown = builtInProfiles.production.spec;
  for (const key of path.split(".")) node = (node as Readonly<Record<string, unknown>> | undefined)?.[key];
  return node !== undefined;
}
