/** The figures of `status.utilization`, which stay as written while changes are within their tolerances. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { gpuLoad, type Aggregate, type LiveAggregate } from "../utilization/aggregate.ts";
import type { GpuSharing } from "../utilization/gpu-sharing.ts";
import type { SharedGpu } from "../utilization/reading.ts";

export type UtilizationFigures = Omit<NonNullable<GpuMediaServiceStatus["utilization"]>, "observedTime">;
export type Band = NonNullable<UtilizationFigures["band"]>;

/** How far a figure may drift from the written one: by this many units, or by this share of it. */
interface Tolerance {
  readonly units: number;
  readonly share: number;
}

const percents: Tolerance = { units: 5, share: 0 };
const rates: Tolerance = { units: 2, share: 0.15 };
const counts: Tolerance = { units: 3, share: 0.25 };
/** Small percentages. */
const shares: Tolerance = { units: 1, share: 0.25 };
/** A network's round trip varies by some ms all the time. */
const delays: Tolerance = { units: 10, share: 0.25 };
const exact: Tolerance = { units: 0, share: 0 };

/** The largest number that the schema allows. */
const maxFigure = 2_147_483_647;

/** What the schema allows. */
const maxSharedGpus = 16;
const maxServices = 64;

/** Whether and with whom the service shares its GPUs. */
export interface Sharing {
  readonly gpuSharing: GpuSharing | undefined;
  readonly sharedGpus: readonly SharedGpu[];
}

const alone: Sharing = { gpuSharing: undefined, sharedGpus: [] };

/**
 * Returns the figures to write, exact where they have moved. A figure close to the written one stays, because each
 * write of a status is sent to every watcher of the service.
 */
export function utilizationFigures(
  figures: Aggregate | undefined,
  { slo }: Pick<EffectiveService, "slo">,
  before: UtilizationFigures | undefined,
  { gpuSharing, sharedGpus }: Sharing = alone,
): UtilizationFigures {
  // Remembered while there are no pods: the autoscaler's metric must not change each time that they return.
  const shared = gpuSharing === undefined ? {} : { gpuSharing };
  if (figures === undefined) return { pods: 0, ...shared, band: "Unknown" };
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
    ...shared,
    ...(gpuSharing === undefined ? {} : settled("busyPercent", figures.workersBusyPercent, percents)),
    ...(sharedGpus.length === 0 ? {} : { sharedGpus: shownGpus(sharedGpus, before?.sharedGpus ?? []) }),
    band: band(gpuLoad(figures, gpuSharing !== undefined), slo.gpuUtilization, before?.band),
    ...settled("requestsPerSecond", figures.requestsPerSecond, rates),
    ...settled("latencyP95Milliseconds", figures.latencyP95Ms, rates),
    ...settled("queueDepth", figures.queueDepth, counts),
    ...settled("activeSessions", figures.activeSessions, counts),
    ...(figures.live === null ? {} : { live: liveFigures(figures.live, before?.live) }),
  };
}

type LiveFigures = NonNullable<UtilizationFigures["live"]>;

function liveFigures(live: LiveAggregate, before: LiveFigures | undefined): LiveFigures {
  const settled = (name: keyof LiveFigures, value: number | null, tolerance: Tolerance): LiveFigures =>
    value === null ? {} : { [name]: settle(before?.[name], value, tolerance) };
  return {
    ...settled("sessions", live.sessions, counts),
    ...settled("sessionLimit", live.sessionLimit, exact),
    ...settled("framesPerSecond", live.framesPerSecond, rates),
    ...settled("droppedPercent", live.droppedPercent, shares),
    ...settled("frameLatencyP95Milliseconds", live.p95Ms, rates),
    ...settled("roundTripMilliseconds", live.roundTripMs, delays),
  };
}

function shownGpus(
  gpus: readonly SharedGpu[],
  before: NonNullable<UtilizationFigures["sharedGpus"]>,
): NonNullable<UtilizationFigures["sharedGpus"]> {
  const written = new Map(before.map(({ uuid, memoryPercent }) => [uuid, memoryPercent]));
  // By UUID: by fullness, two GPUs that are equally full would change places with each report.
  const shown = gpus.slice(0, maxSharedGpus).toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1));
  return shown.map(({ uuid, memoryPercent, services }) => ({
    uuid,
    ...(memoryPercent === null ? {} : { memoryPercent: settle(written.get(uuid), memoryPercent, percents) }),
    services: Object.fromEntries(Object.entries(services).slice(0, maxServices)),
  }));
}

function settle(before: number | undefined, value: number, { units, share }: Tolerance): number {
  // A small figure must not be rounded to 0.
  const now = Math.min(maxFigure, value > 0 ? Math.max(1, Math.round(value)) : 0);
  if (before === undefined || (before === 0) !== (now === 0)) return now;
  return Math.abs(now - before) <= Math.max(units, before * share) ? before : now;
}

/** How far past an edge of the band, in points of %: at the edge itself the band would change all the time. */
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
