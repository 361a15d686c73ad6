/** The snapshot as a table that fits a terminal: services, below each its pods, below those their GPUs. Pure. */
import type { PodTroubleReason, ReadyReason } from "../../status/reasons.ts";
import { wrap } from "../table.ts";
import type { ClaimedDevice, Figures, GpuFigures, GpuRow, PodRow, ServiceRow, Snapshot } from "./snapshot.ts";

export interface Line {
  readonly text: string;
  readonly is: "title" | "service" | "pod" | "gpu" | "trouble";
}

interface Column {
  readonly title: string;
  readonly cell: (figures: Figures) => string;
  /** The narrowest terminal that shows the column. */
  readonly from: number;
}

const columns: readonly Column[] = [
  { title: "GPU", cell: ({ gpuPercent }) => percent(gpuPercent), from: 0 },
  { title: "GPU MEM", cell: memory, from: 0 },
  {
    title: "TEMP",
    cell: ({ gpuTemperatureCelsius }) => known(gpuTemperatureCelsius, (value) => `${Math.round(value)}°C`),
    from: 0,
  },
  { title: "POWER", cell: ({ gpuPowerWatts }) => known(gpuPowerWatts, (value) => `${Math.round(value)}W`), from: 0 },
  { title: "RPS", cell: ({ requestsPerSecond }) => known(requestsPerSecond, rounded), from: 0 },
  { title: "P95", cell: ({ latencyP95Milliseconds }) => known(latencyP95Milliseconds, duration), from: 0 },
  { title: "QUEUE", cell: ({ queueDepth }) => known(queueDepth, rounded), from: 0 },
  { title: "BUSY", cell: ({ busyPercent }) => percent(busyPercent), from: 100 },
  { title: "CPU", cell: ({ cpuPercent }) => percent(cpuPercent), from: 100 },
  { title: "STREAMS", cell: ({ sessions }) => known(sessions, rounded), from: 100 },
];

/** Only where a pod reports live video. */
const liveColumns: readonly Column[] = [
  {
    title: "LIVE",
    cell: ({ live }) => known(live, ({ sessions, sessionLimit }) => `${rounded(sessions)}/${rounded(sessionLimit)}`),
    from: 0,
  },
  { title: "FPS", cell: ({ live }) => known(live, ({ framesPerSecond }) => rounded(framesPerSecond)), from: 0 },
  { title: "DROPPED", cell: ({ live }) => percent(live?.droppedPercent ?? null), from: 0 },
  { title: "RTT", cell: ({ live }) => known(live?.roundTripMilliseconds ?? null, duration), from: 100 },
];

interface Row {
  readonly is: "service" | "pod" | "gpu";
  readonly name: string;
  /** Undefined: unknown; `note` has the reason and replaces the figures. */
  readonly figures: Figures | undefined;
  readonly note: string;
}

const gap = "  ";
/** A pod's name is its service's and 17 more characters, which distinguish the pods of a service. */
const leastName = 20;
/** A narrower note is omitted. */
const leastNote = 12;
const mostNoteLines = 2;

/** No line is longer than `width`. */
export function topTable({ services, allNamespaces }: Snapshot, width: number): readonly Line[] {
  const rows = services.flatMap((service) => serviceRows(service, allNamespaces));
  const hasLive = services.some(({ live }) => live !== null);
  const shown = [...columns, ...(hasLive ? liveColumns : [])].filter(({ from }) => from <= width);
  const cells = rows.map(({ figures }) => (figures === undefined ? [] : shown.map(({ cell }) => cell(figures))));
  const widths = shown.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const figuresWidth = widths.reduce((total, one) => total + gap.length + one, 0);
  const longestName = Math.max("NAME".length, ...rows.map(({ name }) => name.length));
  const nameWidth = Math.min(longestName, Math.max(leastName, width - figuresWidth));
  const noteWidth = width - nameWidth - figuresWidth - gap.length;

  const line = (name: string, row: readonly string[], note = ""): string => {
    const figures = row.map((cell, index) => gap + cell.padStart(widths[index] ?? 0)).join("");
    const noteText = noteWidth < leastNote ? "" : gap + ended(note, noteWidth);
    return `${middle(name, nameWidth).padEnd(nameWidth)}${figures}${noteText}`.trimEnd().slice(0, width);
  };
  const title = line(
    "NAME",
    shown.map((column) => column.title),
  );
  const body = rows.flatMap((row, index): readonly Line[] => {
    if (row.figures !== undefined) return [{ is: row.is, text: line(row.name, cells[index] ?? [], row.note) }];
    const available = width - nameWidth - gap.length;
    return noteLines(row.note, available).map((text, at) => ({
      is: "trouble",
      text: `${(at === 0 ? middle(row.name, nameWidth) : "").padEnd(nameWidth)}${gap}${text}`,
    }));
  });
  return [{ is: "title", text: title }, ...body];
}

function serviceRows(service: ServiceRow, withNamespace: boolean): readonly Row[] {
  const { namespace, pods, problem, reason } = service;
  const name = withNamespace ? `${namespace}/${service.name}` : service.name;
  const row: Row = { is: "service", name, figures: service, note: serviceNote(service) };
  // The pod's row shows its own problem; but only the service's condition names the holders of the GPUs.
  const isOfPod =
    reason !== "WaitingForGpu" && pods.some((pod) => pod.reason !== null && readyReason(pod.reason) === reason);
  const why: readonly Row[] =
    problem === null || isOfPod ? [] : [{ is: "service", name: "", figures: undefined, note: printable(problem) }];
  return [row, ...why, ...pods.flatMap(podRows)];
}

/** The reason of the service's condition Ready while a pod has this reason. */
function readyReason(reason: PodTroubleReason): ReadyReason {
  return reason === "Starting" ? "Progressing" : reason;
}

function serviceNote(service: ServiceRow): string {
  const { replicas, problem, band, bottleneck, gpuSharing } = service;
  const limited =
    bottleneck === null || bottleneck === "None" || bottleneck === "Unknown" ? [] : [`limit: ${bottleneck}`];
  const placed = band === null || band === "Unknown" ? [] : [`${band.toLowerCase()} the band`];
  const ready = replicas === null ? [] : [`${replicas} ready`];
  const shared = gpuSharing === null ? [] : [`GPUs: ${gpuSharing}`];
  const state = problem === null ? [] : ["not Ready"];
  return [...ready, ...state, ...placed, ...limited, ...shared, ...draNotes(service)].join(", ");
}

/** `kubectl describe node` shows the GPUs of device plugins, and no command those of DRA that are free. */
function draNotes({ gpusFree, gpusAllocatable, gpuSource }: ServiceRow): readonly string[] {
  return gpuSource === null || gpuSource === "DevicePlugin" ? [] : [`${gpusFree} of ${gpusAllocatable} GPUs free`];
}

/** A pod's only GPU has no row, as its figures are the pod's. */
function podRows(pod: PodRow): readonly Row[] {
  const { name, problem, ready, ending, gpus, claimedDevices } = pod;
  const [only, ...others] = gpus;
  const state = ending ? ["terminating"] : ready ? [] : ["not ready"];
  const about = only === undefined || others.length > 0 ? [] : gpuNotes(only);
  const row: Row = {
    is: "pod",
    name: `  ${name}`,
    figures: problem === null ? pod : undefined,
    note: printable(problem ?? [...state, ...about, ...claimedDevices.map(deviceNote)].join(", ")),
  };
  return others.length === 0 ? [row] : [row, ...gpus.map(gpuRow)];
}

/** `gpu-0 1g.10gb MIG-1a2b…`; the GPU's own row or note has the product. */
function deviceNote({ device, profile, uuid }: ClaimedDevice): string {
  return [device, profile, uuid].filter((part) => part !== null).join(" ");
}

function gpuRow(gpu: GpuRow): Row {
  const figures = { ...noRequests, ...gpu };
  return { is: "gpu", name: `    GPU ${gpu.index}`, figures, note: printable(gpuNotes(gpu).join(", ")) };
}

function gpuNotes({ name, problem, sharedWith }: GpuRow): readonly string[] {
  const sharers = Object.entries(sharedWith).map(([service, count]) => `${service} (${count})`);
  const shared = sharers.length === 0 ? [] : [`shared with ${sharers.join(", ")}`];
  return [...(problem === null ? [] : [problem]), ...shared, ...(name === null ? [] : [name])];
}

const noRequests: Omit<Figures, keyof GpuFigures> = {
  cpuPercent: null,
  requestsPerSecond: null,
  latencyP95Milliseconds: null,
  queueDepth: null,
  busyPercent: null,
  sessions: null,
  live: null,
};

function known<Value>(value: Value | null, format: (value: Value) => string): string {
  return value === null ? "-" : format(value);
}

function percent(value: number | null): string {
  return known(value, (share) => `${Math.round(share)}%`);
}

/** `5.6/22Gi`: used of total. */
function memory({ gpuMemoryUsedBytes: used, gpuMemoryTotalBytes: total }: GpuFigures): string {
  if (used === null) return "-";
  return `${rounded(used / 2 ** 30)}${total === null ? "" : `/${rounded(total / 2 ** 30)}`}Gi`;
}

function duration(milliseconds: number): string {
  if (milliseconds >= 999.5) return `${rounded(milliseconds / 1000)}s`;
  return `${rounded(milliseconds)}ms`;
}

/** One decimal below 10. */
function rounded(value: number): string {
  return value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** Keeps both ends: the service's name, and the suffix that distinguishes pods. */
function middle(name: string, width: number): string {
  if (name.length <= width) return name;
  const end = Math.floor((width - 1) / 2);
  return `${name.slice(0, width - 1 - end)}…${name.slice(name.length - end)}`;
}

function ended(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function noteLines(note: string, width: number): readonly string[] {
  const lines = wrap(note, width);
  if (lines.length <= mostNoteLines) return lines;
  const kept = lines.slice(0, mostNoteLines - 1);
  return [...kept, ended(`${lines[mostNoteLines - 1] ?? ""} …`, width)];
}

/** Texts of pods and of the API server must not contain control characters that move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/\p{C}/gu, "");
}
