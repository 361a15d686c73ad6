/** The guide's load scenarios (section "Performance Testing"), live video, and how flags change them. Pure. */
import type { Load } from "./drive.ts";

export const scenarioNames = ["baseline", "stress", "endurance", "live", "custom"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

type Shape = Pick<Load, "requests" | "concurrency" | "durationMs">;

const scenarios: Readonly<Record<Exclude<ScenarioName, "live" | "custom">, Shape>> = {
  baseline: { requests: 100, concurrency: 10, durationMs: Number.POSITIVE_INFINITY },
  stress: { requests: 1000, concurrency: 50, durationMs: Number.POSITIVE_INFINITY },
  endurance: { requests: 10_000, concurrency: 20, durationMs: 30 * 60_000 },
};

const closedLoopClients = 10;
// Enough for every request to be sent on time while a server stalls for a second at 250/s.
const openLoopConnections = 256;

/** A session is a user with a camera; browsers send 30 frames/s. */
const live = { sessions: 4, framesPerSecond: 30, durationMs: 30_000 };

export interface LoadFlags {
  readonly scenario?: ScenarioName;
  /** Of live video. */
  readonly sessions?: number;
  /** Of each session. */
  readonly framesPerSecond?: number;
  readonly requests?: number;
  readonly concurrency?: number;
  readonly durationMs?: number;
  readonly ratePerSecond?: number;
  readonly timeoutMs: number;
}

export interface ChosenLoad {
  readonly scenario: ScenarioName;
  /** With live video, `concurrency` is the number of sessions and a frame is a request. */
  readonly load: Load;
}

interface Wrong {
  readonly wrong: string;
}

/**
 * Baseline by default. A flag that changes a named scenario makes it custom: a result named `stress` always ran the guide's
 * stress test.
 */
export function chooseLoad(flags: LoadFlags): ChosenLoad | Wrong {
  if (flags.scenario === "live") return chooseLive(flags);
  if (flags.sessions !== undefined) return { wrong: "--sessions requires --scenario live" };
  if (flags.framesPerSecond !== undefined) return { wrong: "--frames-per-second requires --scenario live" };
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

function chooseLive(flags: LoadFlags): ChosenLoad | Wrong {
  const { requests, concurrency, ratePerSecond, timeoutMs } = flags;
  if (requests !== undefined) return { wrong: "scenario live takes --duration, not --requests" };
  if (concurrency !== undefined) return { wrong: "scenario live takes --sessions, not --concurrency" };
  if (ratePerSecond !== undefined) return { wrong: "scenario live takes --frames-per-second, not --rate" };
  const { sessions, framesPerSecond, durationMs } = { ...live, ...flags };
  const load: Load = {
    requests: Number.POSITIVE_INFINITY,
    concurrency: sessions,
    durationMs,
    ratePerSecond: sessions * framesPerSecond,
    timeoutMs,
  };
  return { scenario: "live", load };
}

function customShape(ratePerSecond: number | undefined): Shape {
  const concurrency = ratePerSecond === undefined ? closedLoopClients : openLoopConnections;
  return { requests: Number.POSITIVE_INFINITY, concurrency, durationMs: Number.POSITIVE_INFINITY };
}
