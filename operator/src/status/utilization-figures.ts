/** `status.utilization`: the figures that people read, kept as they were while they have not really moved. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Aggregate } from "../utilization/aggregate.ts";

export type UtilizationFigures = NonNullable<GpuMediaServiceStatus["utilization"]>;
export type Band = NonNullable<UtilizationFigures["band"]>;

/** How far a figure may drift from the one that is written: so many of its units, or a share of it. */
interface Tolerance {
  readonly units: number;
  readonly share: number;
}

const percents: Tolerance = { units: 5, share: 0 };
const rates: Tolerance = { units: 2, share: 0.15 };
const counts: Tolerance = { units: 3, share: 0.25 };

/** The largest that the schema takes. */
const most = 2_147_483_647;

/**
 * A figure that is written again is exact. One that is near the written one stays: each write of a status goes to
 * everybody who watches the service.
 */
export function utilizationFigures(
  figures: Aggregate | undefined,
  { slo }: Pick<EffectiveService, "slo">,
  before: UtilizationFigures | undefined,
): UtilizationFigures {
  if (figures === undefined) return { pods: 0, band: "Unknown" };
  const settled = <Name extends keyof UtilizationFigures>(
    name: Name,
    value: number | null,
    tolerance: Tolerance,
  ): { readonly [Key in Name]?: number } => {
    if (value === null) return {};
    return { [name]: settle(before?.[name] as number | undefined, value, tolerance) } as Record<Name, number>;
  };
  return {
    pods: figures.pods,
    ...settled("gpuPercent", figures.gpuPercent, percents),
    ...settled("gpuMemoryPercent", figures.gpuMemoryPercent, percents),
    band: band(figures.gpuPercent, slo.gpuUtilization, before?.band),
    ...settled("requestsPerSecond", figures.requestsPerSecond, rates),
    ...settled("latencyP95Milliseconds", figures.latencyP95Ms, rates),
    ...settled("queueDepth", figures.queueDepth, counts),
    ...settled("activeSessions", figures.activeSessions, counts),
  };
}

function settle(before: number | undefined, value: number, { units, share }: Tolerance): number {
  // What is not quite nothing must not read as nothing.
  const exact = Math.min(most, value > 0 ? Math.max(1, Math.round(value)) : 0);
  if (before === undefined || (before === 0) !== (exact === 0)) return exact;
  return Math.abs(exact - before) <= Math.max(units, before * share) ? before : exact;
}

/** So far past an edge of the band a figure has to be for the band to change: at the edge it would change all the time. */
const bandMargin = 2;

function band(
  gpuPercent: number | null,
  { min, max }: { readonly min: number; readonly max: number },
  before: Band | undefined,
): Band {
  if (gpuPercent === null) return "Unknown";
  const bandOf = (percent: number): Band => (percent < min ? "Below" : percent > max ? "Above" : "Within");
  const couldBe = new Set([bandOf(gpuPercent - bandMargin), bandOf(gpuPercent), bandOf(gpuPercent + bandMargin)]);
  return before !== undefined && couldBe.has(before) ? before : bandOf(gpuPercent);
}
