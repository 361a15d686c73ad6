/** What `npm run bench:live` measures. CPU in percent of one core, memory in MiB, times in ms. */
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";
import type { VideoCodec } from "../../workload/src/live/codec.ts";
import { installedChromium } from "../../workload/src/testing/chromium.ts";
import { startProcessor } from "../processor/servers.ts";
import { clockProgram, type ClockFigures } from "./chromium-clock.ts";
import { connectClient, type ClientOptions, type MeasuringClient } from "./clients.ts";
import { usageOf } from "./process-tree.ts";

export type Figures = Readonly<Record<string, number>>;

export interface ScenarioOptions {
  readonly codec: VideoCodec;
  /** File of a model that takes almost no time. */
  readonly tiny: string;
  readonly seconds: number;
}

interface Running extends ScenarioOptions {
  readonly base: string;
  readonly pid: number;
  client(
    direction: ClientOptions["direction"],
    size: readonly [number, number],
    framesPerSecond: number,
  ): Promise<MeasuringClient>;
}

interface Scenario {
  readonly env?: Readonly<Record<string, string>>;
  readonly model: "tiny" | "anime4k";
  readonly run: (running: Running) => Promise<Figures | undefined>;
}

export const scenarios = {
  chromium: { model: "tiny", run: throughChromium },
  vga: { model: "tiny", run: async (running) => exchanges(running, 1, [640, 480], 30) },
  sessions20: { model: "tiny", run: async (running) => exchanges(running, 20, [160, 120], 10) },
  // Not 5 frames/s: 100 clients beside the processor would need more than two cores.
  sessions100: { model: "tiny", run: async (running) => exchanges(running, 100, [160, 120], 0.5) },
  sessions100shared: {
    model: "tiny",
    env: { GPUMEDIA_LIVE_SESSIONS_PER_PROCESS: "25" },
    run: async (running) => exchanges(running, 100, [160, 120], 0.5),
  },
  anime4k: { model: "anime4k", run: async (running) => exchanges(running, 1, [320, 240], 30) },
  viewers: { model: "tiny", run: viewers },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

/** Undefined if this machine lacks what the scenario needs. */
export async function runScenario(name: ScenarioName, options: ScenarioOptions): Promise<Figures | undefined> {
  const scenario: Scenario = scenarios[name];
  const model =
    scenario.model === "tiny"
      ? { GPUMEDIA_MODEL_NAME: "tiny", GPUMEDIA_MODEL_PATH: options.tiny }
      : { GPUMEDIA_MODEL_SIZE: "s" };
  const processor = await startProcessor({
    ...model,
    GPUMEDIA_LIVE_ENABLED: "true",
    GPUMEDIA_LIVE_UDP_PORT: "0",
    GPUMEDIA_LIVE_LIMITS_SESSIONS: "200",
    GPUMEDIA_LOG_LEVEL: "error",
    ...scenario.env,
  });
  const base = `http://127.0.0.1:${processor.port}`;
  const clients: MeasuringClient[] = [];
  try {
    return await scenario.run({
      ...options,
      base,
      pid: processor.pid,
      client: async (direction, [width, height], framesPerSecond) => {
        const { codec } = options;
        const client = await connectClient({ base, codec, direction, size: { width, height }, framesPerSecond });
        clients.push(client);
        return client;
      },
    });
  } finally {
    await Promise.all(clients.map(async ({ client }) => client.close()));
    await processor.stop();
  }
}

/** Several clients, each of which sends video and receives its own result. */
async function exchanges(
  running: Running,
  count: number,
  size: readonly [number, number],
  framesPerSecond: number,
): Promise<Figures> {
  const { seconds, pid, base } = running;
  const idle = usageOf(pid);
  const clients: MeasuringClient[] = [];
  for (let index = 0; index < count; index++) clients.push(await running.client("sendrecv", size, framesPerSecond));
  await pause(3000);
  for (const { latencies } of clients) latencies.length = 0;
  const [before, dropped] = [usageOf(pid), await framesOf(base, "dropped")];
  await pause(seconds * 1000);
  const after = usageOf(pid);
  const all = clients.flatMap(({ latencies }) => latencies);
  const third = Math.floor(all.length / 3);
  return {
    framesPerSecond: all.length / seconds / count,
    p50: percentile(all, 0.5),
    p95: percentile(all, 0.95),
    // Without growing delay, of one client: that of the last third is that of the first.
    p50First: percentile(all.slice(0, third), 0.5),
    p50Last: percentile(all.slice(-third), 0.5),
    dropped: (await framesOf(base, "dropped")) - dropped,
    cpuPercent: (after.cpuMs - before.cpuMs) / (seconds * 10),
    cpuMsPerFrame: (after.cpuMs - before.cpuMs) / all.length,
    processes: after.processes,
    memoryPerSession: (after.pssMiB - idle.pssMiB) / count,
  };
}

async function throughChromium({ base, pid, seconds }: Running): Promise<Figures | undefined> {
  const executablePath = installedChromium();
  if (executablePath === undefined) return undefined;
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${base}/livez`);
    const before = usageOf(pid);
    const startedAt = performance.now();
    const { latencies } = await page.evaluate<ClockFigures>(clockProgram({ width: 640, height: 480 }, 30, seconds));
    const after = usageOf(pid);
    return {
      framesPerSecond: latencies.length / seconds,
      p50: percentile(latencies, 0.5),
      p95: percentile(latencies, 0.95),
      cpuPercent: ((after.cpuMs - before.cpuMs) * 100) / (performance.now() - startedAt),
      cpuMsPerFrame: (after.cpuMs - before.cpuMs) / (await framesOf(base, "in")),
    };
  } finally {
    await browser.close();
  }
}

/** One publisher, without viewers, with one, and with five. */
async function viewers(running: Running): Promise<Figures> {
  const { seconds, pid, base } = running;
  await running.client("sendonly", [640, 480], 30);
  const watched: MeasuringClient[] = [];
  /** CPU time per frame of the publisher, in ms: the rate may differ between the phases. */
  const cpuWith = async (count: number): Promise<number> => {
    while (watched.length < count) watched.push(await running.client("recvonly", [640, 480], 30));
    // Viewers report what they can receive within the first seconds.
    await pause(5000);
    for (const { latencies } of watched) latencies.length = 0;
    const [cpuMs, frames] = [usageOf(pid).cpuMs, await framesOf(base, "in")];
    await pause(seconds * 1000);
    return (usageOf(pid).cpuMs - cpuMs) / ((await framesOf(base, "in")) - frames);
  };
  const [none, one, five] = [await cpuWith(0), await cpuWith(1), await cpuWith(5)];
  const frames = watched.reduce((sum, { latencies }) => sum + latencies.length, 0);
  return {
    cpuMsPerFrame0: none,
    cpuMsPerFrame1: one,
    cpuMsPerFrame5: five,
    // Below 5: five viewers cost less than five times one.
    fiveOverOne: (five - none) / (one - none),
    framesPerSecond: frames / seconds / watched.length,
  };
}

async function framesOf(base: string, direction: "in" | "dropped"): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const line = new RegExp(`^gpumedia_live_frames_total\\{[^}]*direction="${direction}"[^}]*\\} (\\d+)`, "m");
  return Number(line.exec(text)?.[1] ?? 0);
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;
}
