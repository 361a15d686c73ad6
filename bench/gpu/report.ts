/** The figures of a run, and what they say about the guide's targets. Pure. */
import type { LoadFigures } from "../processor/figures.ts";
import type { Device } from "./device.ts";
import type { Difference } from "./pixels.ts";

export interface GpuLoad extends Pick<LoadFigures, "perSecond" | "failed" | "p50" | "p95" | "p99"> {
  readonly model: string;
  readonly connections: number;
}

export interface GpuResults {
  readonly date: string;
  readonly machine: string;
  readonly accelerator: "cuda" | "cpu";
  readonly device: Device | null;
  /** Why the run ended early; null if it is whole. */
  readonly stopped: string | null;
  readonly pixels: readonly (Difference & { readonly model: string })[];
  readonly loads: readonly GpuLoad[];
  /** Means in percent, of the same seconds; null if not measured. */
  readonly utilization: { readonly ours: number; readonly nvidiaSmi: number } | null;
  /** Of the processor with the larger model: on the device, and its peak in the host's memory. */
  readonly memoryMiB: { readonly device: number; readonly host: number } | null;
  /** What a processor does whose GPU is not there. */
  readonly lostGpu: { readonly exitStatus: number | null; readonly message: string } | null;
  readonly seconds: number;
}

export interface Check {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

/** The guide's targets ("Performance Targets"), and what must hold besides. */
const goal = { perSecond: 1000, p95Ms: 20, psnr: 40, utilizationPoints: 2, deviceMiB: 4096, noGpuStatus: 3 };

export function checks({ pixels, loads, utilization, memoryMiB, lostGpu }: GpuResults): readonly Check[] {
  const fastest = loads.toSorted((a, b) => b.perSecond - a.perSecond)[0];
  const alone = loads.find(({ connections }) => connections === 8);
  return [
    ...pixels.map(({ model, psnr, most }) => ({
      what: `the same picture as on the CPU, ${model}`,
      goal: `PSNR >= ${goal.psnr} dB`,
      measured: psnr === null ? "equal" : `${psnr.toFixed(1)} dB, at most ${most} of 255`,
      met: psnr === null || psnr >= goal.psnr,
    })),
    ...(fastest === undefined
      ? []
      : [
          {
            what: "requests per second, best",
            goal: `>= ${goal.perSecond}`,
            measured: `${fastest.perSecond.toFixed(0)} (${fastest.model}, c=${fastest.connections})`,
            met: fastest.perSecond >= goal.perSecond,
          },
        ]),
    ...(alone === undefined
      ? []
      : [
          {
            what: `p95, ${alone.model}, c=8`,
            goal: `< ${goal.p95Ms} ms`,
            measured: `${alone.p95.toFixed(1)} ms`,
            met: alone.p95 < goal.p95Ms,
          },
        ]),
    ...(loads.length === 0
      ? []
      : [
          {
            what: "failed requests",
            goal: "0",
            measured: String(loads.reduce((sum, { failed }) => sum + failed, 0)),
            met: loads.every(({ failed }) => failed === 0),
          },
        ]),
    ...(utilization === null
      ? []
      : [
          {
            what: "utilization beside nvidia-smi's",
            goal: `within ${goal.utilizationPoints} points`,
            measured: `${utilization.ours.toFixed(1)} and ${utilization.nvidiaSmi.toFixed(1)} %`,
            met: Math.abs(utilization.ours - utilization.nvidiaSmi) <= goal.utilizationPoints,
          },
        ]),
    ...(memoryMiB === null
      ? []
      : [
          {
            what: "memory of the device",
            goal: `< ${goal.deviceMiB} MiB`,
            measured: `${memoryMiB.device} MiB; ${memoryMiB.host} MiB of the host`,
            met: memoryMiB.device < goal.deviceMiB,
          },
        ]),
    ...(lostGpu === null
      ? []
      : [
          {
            what: "a processor without its GPU",
            goal: `exits with ${goal.noGpuStatus}, and says why`,
            measured: `${lostGpu.exitStatus}: ${lostGpu.message}`,
            met: lostGpu.exitStatus === goal.noGpuStatus && lostGpu.message !== "",
          },
        ]),
  ];
}

export function gpuReport(results: GpuResults): string {
  const { date, machine, accelerator, device, stopped, loads, seconds } = results;
  const on = device === null ? "no GPU" : `${device.name}, ${device.memoryMiB} MiB, driver ${device.driver}`;
  return [
    `${date}, ${machine}; ${on}; accelerator ${accelerator}; ${Math.round(seconds)} s`,
    ...(stopped === null ? [] : [`stopped: ${stopped}`]),
    ...section(
      ["check", "goal", "measured", "met"],
      checks(results).map(({ what, goal: wanted, measured, met }) => [what, wanted, measured, met ? "yes" : "NO"]),
    ),
    ...section(
      ["load", "requests/s", "p50 ms", "p95", "p99", "failed"],
      loads.map(({ model, connections, perSecond, p50, p95, p99, failed }) => [
        `${model}, c=${connections}`,
        perSecond.toFixed(1),
        p50.toFixed(1),
        p95.toFixed(1),
        p99.toFixed(1),
        String(failed),
      ]),
    ),
    "",
  ].join("\n");
}

function section(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  return ["", ...[head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)];
}
