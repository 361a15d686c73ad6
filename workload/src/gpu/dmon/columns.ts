/**
 * The columns of `nvidia-smi dmon -s pucvmet`, in its order and widths, so that scripts that parse its output
 * accept ours. Source: the manual page nvidia-smi(1), "Device Monitoring". Pure.
 */
import type { DmonFigures } from "../dmon-figures.ts";
import type { DmonReading } from "../sampler.ts";

/** The letters of `-s`. */
export type ColumnGroup = "p" | "u" | "c" | "v" | "m" | "e" | "t";

export const columnGroups: readonly ColumnGroup[] = ["p", "u", "c", "v", "m", "e", "t"];

/** A reading and the previous one: shares of time are differences between them. */
export interface Interval {
  readonly now: DmonFigures;
  /** Undefined on the first line. */
  readonly before: DmonFigures | undefined;
  readonly elapsedMs: number;
}

interface Column {
  readonly group: ColumnGroup;
  readonly title: string;
  readonly unit: string;
  /** Null is shown as `-`. */
  readonly figure: (interval: Interval) => number | null;
}

const columns: readonly Column[] = [
  column("p", "pwr", "W", ({ powerWatts }) => powerWatts),
  column("p", "gtemp", "C", ({ temperatureCelsius }) => temperatureCelsius),
  column("p", "mtemp", "C", ({ memoryTemperatureCelsius }) => memoryTemperatureCelsius),
  column("u", "sm", "%", ({ utilizationPercent }) => utilizationPercent),
  column("u", "mem", "%", ({ memoryUtilizationPercent }) => memoryUtilizationPercent),
  column("u", "enc", "%", ({ encoderPercent }) => encoderPercent),
  column("u", "dec", "%", ({ decoderPercent }) => decoderPercent),
  column("u", "jpg", "%", ({ jpegPercent }) => jpegPercent),
  column("u", "ofa", "%", ({ opticalFlowPercent }) => opticalFlowPercent),
  column("c", "mclk", "MHz", ({ memoryClockMhz }) => memoryClockMhz),
  column("c", "pclk", "MHz", ({ processorClockMhz }) => processorClockMhz),
  { group: "v", title: "pviol", unit: "%", figure: (interval) => violationPercent(interval, "powerViolationNs") },
  { group: "v", title: "tviol", unit: "bool", figure: thermalViolation },
  column("m", "fb", "MB", ({ memoryUsedBytes }) => mebibytes(memoryUsedBytes)),
  column("m", "bar1", "MB", ({ bar1UsedBytes }) => mebibytes(bar1UsedBytes)),
  column("m", "ccpm", "MB", ({ protectedMemoryUsedBytes }) => mebibytes(protectedMemoryUsedBytes)),
  column("e", "sbecc", "errs", ({ eccCorrected }) => eccCorrected),
  column("e", "dbecc", "errs", ({ eccUncorrected }) => eccUncorrected),
  column("e", "pci", "errs", ({ pcieReplays }) => pcieReplays),
  column("t", "rxpci", "MB/s", ({ pcieReceivedKilobytesPerSecond }) => megabytes(pcieReceivedKilobytesPerSecond)),
  column("t", "txpci", "MB/s", ({ pcieSentKilobytesPerSecond }) => megabytes(pcieSentKilobytesPerSecond)),
];

/** Returns the two header lines of these groups, in the given order. */
export function headerLines(groups: readonly ColumnGroup[]): readonly string[] {
  const chosen = columnsOf(groups);
  return [
    `# gpu${chosen.map(({ title }) => title.padStart(7)).join("")}`,
    `# Idx${chosen.map(({ unit }) => unit.padStart(7)).join("")}`,
  ];
}

/** Returns the line of one GPU; all `-` while it does not respond. */
export function line(
  groups: readonly ColumnGroup[],
  identity: DmonReading["identity"],
  interval: Interval | null,
): string {
  const cells = columnsOf(groups).map(({ figure }) => {
    const value = interval === null ? null : figure(interval);
    return (value === null ? "-" : String(Math.round(value))).padStart(7);
  });
  return `${indexOf(identity).padStart(5)}${cells.join("")}`;
}

/** Returns `0`, or `0:1` for a MIG device, as in `NVIDIA_VISIBLE_DEVICES`; nvidia-smi dmon does not list these. */
export function indexOf({ index, mig }: DmonReading["identity"]): string {
  return mig === null ? String(index) : `${index}:${mig.index}`;
}

function column(
  group: ColumnGroup,
  title: string,
  unit: string,
  figure: (figures: DmonFigures) => number | null,
): Column {
  return { group, title, unit, figure: ({ now }) => figure(now) };
}

function columnsOf(groups: readonly ColumnGroup[]): readonly Column[] {
  return groups.flatMap((group) => columns.filter((candidate) => candidate.group === group));
}

type Violation = "powerViolationNs" | "thermalViolationNs";

/** Share of the time since the previous line in which the clocks were lowered. */
function violationPercent({ now, before, elapsedMs }: Interval, violation: Violation): number | null {
  const [to, from] = [now[violation], before?.[violation] ?? null];
  if (to === null || from === null || elapsedMs <= 0) return null;
  // The counters restart when the driver is reloaded.
  return Math.min(Math.max((to - from) / 1e6 / elapsedMs, 0), 1) * 100;
}

function thermalViolation(interval: Interval): number | null {
  const percent = violationPercent(interval, "thermalViolationNs");
  return percent === null ? null : Number(percent > 0);
}

function mebibytes(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 2 ** 20;
}

function megabytes(kilobytes: number | null): number | null {
  return kilobytes === null ? null : kilobytes / 1000;
}
