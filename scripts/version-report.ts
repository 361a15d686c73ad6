/** The end of `make test-versions`: what failed and the totals of each version, and the rows of the table in docs/testing.md. Pure. */
import { failedTests, formatTotals, sum, type Totals } from "./totals.ts";

export interface VersionRun {
  /** With its patch, such as 1.31.14. */
  readonly version: string;
  readonly date: string;
  readonly seconds: number;
  /** Of each group of specs. */
  readonly results: readonly { readonly name: string; readonly output: string; readonly totals: Totals }[];
}

/** The rows come last, as some CI systems show only the end of a log. */
export function versionReport(runs: readonly VersionRun[]): string {
  const failures = runs.flatMap(failuresOf);
  return [
    ...failures,
    ...(failures.length > 0 ? [""] : []),
    ...runs.map((run) => `Kubernetes ${run.version}: ${totals(run)}`),
    "",
    "Rows of the table in docs/testing.md:",
    ...runs.map((run) => `| ${run.version} | ${run.date} | ${totals(run)} |`),
    "",
  ].join("\n");
}

function failuresOf({ version, results }: VersionRun): readonly string[] {
  return results
    .filter(({ totals: { failed } }) => failed > 0)
    .flatMap(({ name, output }) => {
      const tests = failedTests(output);
      // A run that was killed lists none.
      return (tests.length > 0 ? tests : ["see its output above"]).map(
        (test) => `Failed on ${version}: ${name}: ${test}`,
      );
    });
}

function totals({ seconds, results }: VersionRun): string {
  return `${formatTotals(sum(results.map((result) => result.totals)))} in ${Math.ceil(seconds / 60)} min`;
}
