import assert from "node:assert/strict";
import { versionReport, type VersionRun } from "./version-report.ts";

describe("the report of the specs on several versions", () => {
  const date = "2026-11-30";
  const passed = { name: "loop", output: "", totals: { passed: 20, failed: 0, skipped: 1 } };
  const failing = [
    "  1 failing",
    "",
    "  1) a queue",
    "       is short:",
    "",
    "      AssertionError [ERR_ASSERTION]: 2 == 1",
    "",
  ].join("\n");
  const run = (more: Partial<VersionRun>): VersionRun => ({
    version: "1.31.14",
    date,
    seconds: 61,
    results: [passed],
    ...more,
  });

  it("has the totals of each version and its row for the table", () => {
    const twice = [passed, passed];
    assert.equal(
      versionReport([run({}), run({ version: "1.37.2", seconds: 1_200, results: twice })]),
      `Kubernetes 1.31.14: 20 passed, 0 failed, 1 skipped in 2 min
Kubernetes 1.37.2: 40 passed, 0 failed, 2 skipped in 20 min

Rows of the table in docs/testing.md:
| 1.31.14 | 2026-11-30 | 20 passed, 0 failed, 1 skipped in 2 min |
| 1.37.2 | 2026-11-30 | 40 passed, 0 failed, 2 skipped in 20 min |
`,
    );
  });

  it("names each failed test with its version and its error, and each group that was killed", () => {
    const results = [
      { name: "operator 1/2", output: failing, totals: { passed: 3, failed: 1, skipped: 0 } },
      { name: "install", output: "  ✔ works\n", totals: { passed: 0, failed: 1, skipped: 0 } },
      passed,
    ];
    assert.equal(
      versionReport([run({ results })]),
      `Failed on 1.31.14: operator 1/2: a queue: is short: AssertionError [ERR_ASSERTION]: 2 == 1
Failed on 1.31.14: install: see its output above

Kubernetes 1.31.14: 23 passed, 2 failed, 1 skipped in 2 min

Rows of the table in docs/testing.md:
| 1.31.14 | 2026-11-30 | 23 passed, 2 failed, 1 skipped in 2 min |
`,
    );
  });
});
