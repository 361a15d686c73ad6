/** Decides whether a run is worse than an earlier one. The only such rule: client and operator share it. Pure. */
import { formatPercent } from "../units/format.ts";
import { formatMetric, loadTestMetrics, meets } from "./metrics.ts";
import type { LoadTestFigures, LoadTestRegression } from "./schema.ts";

/** p99 and above depend on a handful of responses; these repeat from run to run. */
const compared = ["p50", "p95", "rps", "errors", "rejected"] as const;

/** Figures in their metric's unit; null: not measured. */
export type ComparedFigures = Readonly<Record<(typeof compared)[number], number | null>>;

export function comparedFigures(figures: LoadTestFigures): ComparedFigures {
  const read = (metric: (typeof compared)[number]) => loadTestMetrics[metric].read(figures);
  return { p50: read("p50"), p95: read("p95"), rps: read("rps"), errors: read("errors"), rejected: read("rejected") };
}

/** One row per compared metric, worse when it differs from the earlier figure by more than the tolerance. */
export function compareFigures(
  before: ComparedFigures,
  now: ComparedFigures,
  tolerancePercent: number,
): LoadTestRegression["rows"] {
  return compared.map((metric) => {
    const was = before[metric];
    const is = now[metric];
    if (was === null) return { metric, before: was, now: is, changePercent: null, worse: false };
    const sign = loadTestMetrics[metric].better === "higher" ? -1 : 1;
    const limit = was * (1 + (sign * tolerancePercent) / 100);
    const changePercent = is === null || was === 0 ? null : ((is - was) / was) * 100;
    return { metric, before: was, now: is, changePercent, worse: !meets(metric, is, limit) };
  });
}

/** One sentence for each metric that is worse. */
export function regressionReasons({ against, tolerancePercent, rows }: LoadTestRegression): string[] {
  return rows
    .filter(({ worse }) => worse)
    .map(({ metric, before, now }) => {
      const change = `${metric} ${formatMetric(metric, now)}, was ${formatMetric(metric, before)} in ${against}`;
      return `${change}, tolerance ${formatPercent(tolerancePercent)}`;
    });
}
