/** The totals in the last line of our mocha reporter (`e2e/mocha/reporter.ts`), and their sum. */
import { stripVTControlCharacters } from "node:util";

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const nothing: Totals = { passed: 0, failed: 0, skipped: 0 };

/** A run's own totals, or one test for a check that has none. */
export function totalsOf(output: string, exitCode: number): Totals {
  const counted = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped\r?$/gm)].at(-1);
  if (counted === undefined) return exitCode === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 };
  const [passed = 0, failed = 0, skipped = 0] = counted.slice(1).map(Number);
  // A run that exits with an error and without a failed test was killed, or failed outside of a test: the sum must not be green.
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed, skipped };
}

/** Mocha's list of failures, which other shards' lines would hide; empty for a check. */
export function failuresIn(output: string): string {
  const start = output.search(/^\s*\d+ failing$/m);
  return start < 0 ? "" : `\n${output.slice(start).trimEnd()}`;
}

/** Returns the full title of each failed test and the first line of its error, from mocha's list of failures. */
export function failedTests(output: string): readonly string[] {
  const plain = stripVTControlCharacters(failuresIn(output));
  const entries = plain.matchAll(/^ {2}\d+\) (?<title>.+(?:\n {7,}.+)*):\n\s*(?<error>.+)$/gm);
  return Array.from(entries, ({ groups: { title = "", error = "" } = {} }) => {
    return `${title
      .split("\n")
      .map((part) => part.trim())
      .join(": ")}: ${error.trim()}`;
  });
}

export function sum(all: readonly Totals[]): Totals {
  return all.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    nothing,
  );
}

export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
