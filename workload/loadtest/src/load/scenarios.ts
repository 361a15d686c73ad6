/** The guide's load scenarios (section "Performance Testing") and how flags change them. Pure. */
import type { Load } from "./drive.ts";

export const scenarioNames = ["baseline", "stress", "endurance", "custom"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

type Shape = Pick<Load, "requests" | "concurrency" | "durationMs">;

const scenarios: Readonly<Record<Exclude<ScenarioName, "custom">, Shape>> = {
  baseline: { requests: 100, concurrency: 10, durationMs: Number.POSITIVE_INFINITY },
  stress: { requests: 1000, concurrency: 50, durationMs: Number.POSITIVE_INFINITY },
  endurance: { requests: 10_000, concurrency: 20, durationMs: 30 * 60_000 },
};

const closedLoopClients = 10;
// Enough for every request to be sent on time while a server stalls for a second at 250/s.
const openLoopConnections = 256;

export interface LoadFlags {
  readonly scenario?: ScenarioName;
  readonly requests?: number;
  readonly concurrency?: number;
  readonly durationMs?: number;
  readonly ratePerSecond?: number;
  readonly timeoutMs: number;
}

export interface ChosenLoad {
  readonly scenario: ScenarioName;
  readonly load: Load;
}

/**
 * Baseline by default. A flag that changes a named scenario makes it custom: a result named `stress` always ran the guide's
 * stress test.
 */
export function chooseLoad(flags: LoadFlags): ChosenLoad | { readonly wrong: string } {
  const { scenario, requests, concurrency, durationMs, ratePerSecond, timeoutMs } = flags;
  const changed = [requests, concurrency, durationMs, ratePerSecond].some((flag) => flag !== undefined);
  const name = scenario ?? (changed ? "custom" : "baseline");
  const preset = name === "custom" ? customShape(ratePerSecond) : scenarios[name];
  const load: Load = {
    requests: requests ?? preset.requests,
    concurrency: concurrency ?? preset.concurrency,
    durationMs: durationMs ?? preset.durationMs,
    ratePerSecond: ratePerSecond ?? null,
    timeoutMs,
  };
  if (load.requests === Number.POSITIVE_INFINITY && load.durationMs === Number.POSITIVE_INFINITY) {
    return { wrong: "scenario custom requires --requests or --duration" };
  }
  return { scenario: changed ? "custom" : name, load };
}

function customShape(ratePerSecond: number | undefined): Shape {
  const concurrency = ratePerSecond === undefined ? closedLoopClients : openLoopConnections;
  return { requests: Number.POSITIVE_INFINITY, concurrency, durationMs: Number.POSITIVE_INFINITY };
}
