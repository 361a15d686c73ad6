import assert from "node:assert/strict";
import { failedTests, failuresIn, formatTotals, sum, totalsOf } from "./totals.ts";

describe("the totals of a test run", () => {
  const cases = {
    "a check that passes counts as one": {
      output: "ok\n",
      exitCode: 0,
      totals: { passed: 1, failed: 0, skipped: 0 },
    },
    "a check that fails counts as one": { output: "", exitCode: 2, totals: { passed: 0, failed: 1, skipped: 0 } },
    "a test run has its own totals": {
      output: "  12 passing (2s)\n\n12 passed, 0 failed, 3 skipped\n",
      exitCode: 0,
      totals: { passed: 12, failed: 0, skipped: 3 },
    },
    "only the last line of totals counts, not one that a test prints": {
      output: "1 passed, 9 failed, 0 skipped\n5 passed, 2 failed, 0 skipped\n",
      exitCode: 2,
      totals: { passed: 5, failed: 2, skipped: 0 },
    },
    "a run that crashes after its last test counts as failed": {
      output: "5 passed, 0 failed, 0 skipped\n",
      exitCode: 134,
      totals: { passed: 5, failed: 1, skipped: 0 },
    },
    "a run that is killed before its totals counts as failed": {
      output: "  ✔ works\n",
      exitCode: 137,
      totals: { passed: 0, failed: 1, skipped: 0 },
    },
  };
  for (const [name, { output, exitCode, totals }] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(totalsOf(output, exitCode), totals));
  }

  it("come with mocha's list of failures", () => {
    const output = "  ✔ works\n  1) breaks\n\n\n  1 passing (2s)\n  1 failing\n\n  1) breaks:\n     Error\n\n";
    assert.equal(failuresIn(output), "\n  1 failing\n\n  1) breaks:\n     Error");
    assert.equal(failuresIn("error TS2322\n"), "");
  });

  it("name each failed test and its error", () => {
    const output = [
      "  1 passing (2s)",
      "  2 failing",
      "",
      "  1) a queue",
      "       \u001B[31mis short\u001B[0m:",
      "",
      "      AssertionError [ERR_ASSERTION]: 2 == 1",
      "      + expected - actual",
      "",
      "  2) a server",
      "       that is slow",
      '         "before each" hook for "answers":',
      "     Error: Timeout of 2000ms exceeded",
      "      at listOnTimeout (node:internal/timers:581:17)",
      "",
    ].join("\n");
    assert.deepEqual(failedTests(output), [
      "a queue: is short: AssertionError [ERR_ASSERTION]: 2 == 1",
      'a server: that is slow: "before each" hook for "answers": Error: Timeout of 2000ms exceeded',
    ]);
    assert.deepEqual(failedTests("error TS2322\n"), []);
  });

  it("add up to one line", () => {
    const all = [
      { passed: 1, failed: 0, skipped: 0 },
      { passed: 20, failed: 3, skipped: 4 },
    ];
    assert.equal(formatTotals(sum(all)), "21 passed, 3 failed, 4 skipped");
  });
});
