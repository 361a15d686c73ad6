/** Is a run worse than an earlier one? Pure; the same figures and tolerance as the program's own `--against`. */
import type { GpuMediaLoadTestStatus } from "@gpumedia/api";

type Figures = NonNullable<GpuMediaLoadTestStatus["figures"]>;

interface Compared {
  readonly figure: keyof Figures;
  readonly name: string;
  readonly unit: string;
  readonly higherIsBetter?: true;
}

/** p99 swings with a handful of answers; these repeat from run to run. */
const compared: readonly Compared[] = [
  { figure: "latencyP50Milliseconds", name: "p50", unit: " ms" },
  { figure: "latencyP95Milliseconds", name: "p95", unit: " ms" },
  { figure: "requestsPerSecond", name: "rps", unit: "/s", higherIsBetter: true },
  { figure: "errorPercent", name: "errors", unit: " %" },
  { figure: "rejectedPercent", name: "rejected", unit: " %" },
];

/** A sentence for each figure that is worse by more than the tolerance. */
export function regressions(before: Figures, now: Figures, tolerancePercent: number, against: string): string[] {
  return compared.flatMap(({ figure, name, unit, higherIsBetter = false }) => {
    const was = before[figure];
    const is = now[figure];
    if (was === undefined) return [];
    const limit = was * (1 + (higherIsBetter ? -tolerancePercent : tolerancePercent) / 100);
    const isWorse = is === undefined || (higherIsBetter ? is < limit : is > limit);
    if (!isWorse) return [];
    const changed = is === undefined ? "nothing" : `${significant(is)}${unit}`;
    return [
      `${name} went from ${significant(was)}${unit} to ${changed}, tolerance ${tolerancePercent} % against ${against}`,
    ];
  });
}

function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}
