/** The totals that our mocha reporter ends with (`e2e/mocha/reporter.ts`), and their sum. */

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const nothing: Totals = { passed: 0, failed: 0, skipped: 0 };

/** What a run counts for: tests that it counted itself, or the run as a single check. */
export function totalsOf(output: string, exitCode: number): Totals {
  const counted = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped\r?$/gm)].at(-1);
  if (counted === undefined) return exitCode === 0 ? { ...nothing, passed: 1 } : { ...nothing, failed: 1 };
  const [passed = 0, failed = 0, skipped = 0] = counted.slice(1).map(Number);
  // A run that ends badly without a failed test was killed, or broke outside of a test: the sum must not look green.
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed, skipped };
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
