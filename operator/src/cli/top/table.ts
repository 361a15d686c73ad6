/** The snapshot as a table that fits a terminal: services, below each its pods, below those their GPUs. Pure. */
import type { PodTroubleReason, ReadyReason } from "../../status/reasons.ts";
import { wrap } from "../table.ts";
import type { Figures, GpuFigures, GpuRow, PodRow, ServiceRow, Snapshot } from "./snapshot.ts";

export interface Line {
  readonly text: string;
  readonly is: "title" | "service" | "pod" | "gpu" | "trouble";
}

interface Column {
  readonly title: string;
  readonly cell: (figures: Figures) => string;
  /** Shown only on terminals of at least so many columns. */
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
  { title: "CPU", cell: ({ cpuPercent }) => percent(cpuPercent), from: 100 },
  { title: "STREAMS", cell: ({ sessions }) => known(sessions, rounded), from: 100 },
];

interface Row {
  readonly is: "service" | "pod" | "gpu";
  readonly name: string;
  /** Undefined: nothing is known, and `note` says why, in the place of the figures. */
  readonly figures: Figures | undefined;
  readonly note: string;
}

const gap = "  ";
/** A pod's name is its service's with 17 more characters, and its end tells it from its neighbours. */
const leastName = 20;
/** Less is no room for words. */
const leastNote = 12;
const mostNoteLines = 2;

/** No line is longer than `width`. */
export function topTable({ services, allNamespaces }: Snapshot, width: number): readonly Line[] {
  const rows = services.flatMap((service) => serviceRows(service, allNamespaces));
  const shown = columns.filter(({ from }) => from <= width);
  const cells = rows.map(({ figures }) => (figures === undefined ? [] : shown.map(({ cell }) => cell(figures))));
  const widths = shown.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const figuresWidth = widths.reduce((total, one) => total + gap.length + one, 0);
  const wantedName = Math.max("NAME".length, ...rows.map(({ name }) => name.length));
  const nameWidth = Math.min(wantedName, Math.max(leastName, width - figuresWidth));
  const noteWidth = width - nameWidth - figuresWidth - gap.length;

  const line = (name: string, row: readonly string[], note = ""): string => {
    const figures = row.map((cell, index) => gap + cell.padStart(widths[index] ?? 0)).join("");
    const words = noteWidth < leastNote ? "" : gap + ended(note, noteWidth);
    return `${middle(name, nameWidth).padEnd(nameWidth)}${figures}${words}`.trimEnd().slice(0, width);
  };
  const title = line(
    "NAME",
    shown.map((column) => column.title),
  );
  const body = rows.flatMap((row, index): readonly Line[] => {
    if (row.figures !== undefined) return [{ is: row.is, text: line(row.name, cells[index] ?? [], row.note) }];
    const room = width - nameWidth - gap.length;
    return noteLines(row.note, room).map((words, at) => ({
      is: "trouble",
      text: `${(at === 0 ? middle(row.name, nameWidth) : "").padEnd(nameWidth)}${gap}${words}`,
    }));
  });
  return [{ is: "title", text: title }, ...body];
}

function serviceRows(service: ServiceRow, withNamespace: boolean): readonly Row[] {
  const { namespace, pods, problem, reason } = service;
  const name = withNamespace ? `${namespace}/${service.name}` : service.name;
  const row: Row = { is: "service", name, figures: service, note: serviceNote(service) };
  // The trouble of a pod is shown in the pod's row; only the service's condition has who holds the GPUs.
  const isPods =
    reason !== "WaitingForGpu" && pods.some((pod) => pod.reason !== null && readyReason(pod.reason) === reason);
  const why: readonly Row[] =
    problem === null || isPods ? [] : [{ is: "service", name: "", figures: undefined, note: printable(problem) }];
  return [row, ...why, ...pods.flatMap(podRows)];
}

/** The reason of a service's condition Ready that pods of this reason lead to. */
function readyReason(reason: PodTroubleReason): ReadyReason {
  return reason === "Starting" ? "Progressing" : reason;
}

function serviceNote({ replicas, problem, band, bottleneck }: ServiceRow): string {
  const limited =
    bottleneck === null || bottleneck === "None" || bottleneck === "Unknown" ? [] : [`limit: ${bottleneck}`];
  const placed = band === null || band === "Unknown" ? [] : [`${band.toLowerCase()} the band`];
  const ready = replicas === null ? [] : [`${replicas} ready`];
  return [...ready, ...(problem === null ? [] : ["not Ready"]), ...placed, ...limited].join(", ");
}

/** A pod's only GPU is told about in the pod's own row: its figures are the same. */
function podRows(pod: PodRow): readonly Row[] {
  const { name, problem, ready, ending, gpus } = pod;
  const [only, ...others] = gpus;
  const state = ending ? ["ending"] : ready ? [] : ["not ready"];
  const about = only === undefined || others.length > 0 ? [] : gpuWords(only);
  const row: Row = {
    is: "pod",
    name: `  ${name}`,
    figures: problem === null ? pod : undefined,
    note: printable(problem ?? [...state, ...about].join(", ")),
  };
  return others.length === 0 ? [row] : [row, ...gpus.map(gpuRow)];
}

function gpuRow(gpu: GpuRow): Row {
  const figures = { ...noRequests, ...gpu };
  return { is: "gpu", name: `    GPU ${gpu.index}`, figures, note: printable(gpuWords(gpu).join(", ")) };
}

function gpuWords({ name, problem }: GpuRow): readonly string[] {
  return [...(problem === null ? [] : [problem]), ...(name === null ? [] : [name])];
}

const noRequests: Omit<Figures, keyof GpuFigures> = {
  cpuPercent: null,
  requestsPerSecond: null,
  latencyP95Milliseconds: null,
  queueDepth: null,
  sessions: null,
};

function known(value: number | null, format: (value: number) => string): string {
  return value === null ? "-" : format(value);
}

function percent(value: number | null): string {
  return known(value, (share) => `${Math.round(share)}%`);
}

/** `5.6/22Gi`: what is used, of what there is. */
function memory({ gpuMemoryUsedBytes: used, gpuMemoryTotalBytes: total }: GpuFigures): string {
  if (used === null) return "-";
  return `${rounded(used / 2 ** 30)}${total === null ? "" : `/${rounded(total / 2 ** 30)}`}Gi`;
}

function duration(milliseconds: number): string {
  if (milliseconds >= 999.5) return `${rounded(milliseconds / 1000)}s`;
  return `${rounded(milliseconds)}ms`;
}

/** One decimal while it matters. */
function rounded(value: number): string {
  return value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** Keeps both ends: the service's name, and what tells pods apart. */
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

/** Pods name their GPUs and the API server quotes pods: neither may move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/\p{C}/gu, "");
}
