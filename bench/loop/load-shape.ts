/** Utilization over time: reports of pods in several steady states. Pure. */
import type { UtilizationReport } from "@gpumedia/api";
import { sampleReport } from "@gpumedia/operator/src/utilization/report.sample.ts";

export interface LoadShape {
  readonly name: string;
  /** Utilization of the GPU in per cent, without noise; `phase`, 0 to 1, differs between services. */
  readonly percentAt: (seconds: number, phase: number) => number;
}

const waveSeconds = 20 * 60;
const stepSeconds = 120;
/** The largest random deviation, in percentage points. */
const noise = 3;

export const loadShapes: readonly LoadShape[] = [
  { name: "even, 70 %", percentAt: () => 70 },
  {
    name: "waves, 45 to 85 % in 20 minutes",
    percentAt: (seconds, phase) => 65 + 20 * Math.sin(2 * Math.PI * (seconds / waveSeconds + phase)),
  },
  {
    name: "steps, another 20 to 90 % every 2 minutes",
    percentAt: (seconds, phase) => 20 + 70 * fraction(Math.floor(seconds / stepSeconds + phase) * 0.618 + phase),
  },
];

function fraction(value: number): number {
  return value - Math.floor(value);
}

/** The report of a processor of at most 30 requests a second, whose latency grows with its load. `chance` is random, 0 to 1. */
export function reportAt(shape: LoadShape, seconds: number, phase: number, chance: number): UtilizationReport {
  const percent = Math.min(97, Math.max(0, shape.percentAt(seconds, phase) + noise * (2 * chance - 1)));
  const perSecond = (30 * percent) / 100;
  const p95 = Math.round(500 / (100 - percent)) + 1;
  const devices = sampleReport.gpus.devices.map((device) => ({
    ...device,
    uuid: null,
    utilizationPercent: Math.round(percent),
  }));
  return {
    ...sampleReport,
    gpus: { ...sampleReport.gpus, devices },
    requests: {
      ...sampleReport.requests,
      perSecond,
      accepted: Math.round(perSecond * sampleReport.windowSeconds),
      queued: Math.round(percent / 20),
      latencyMs: { p50: p95 / 2, p95, p99: p95 * 1.5 },
    },
  };
}
