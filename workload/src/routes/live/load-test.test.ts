/** The load test's scenario of live video against a whole processor. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { MeasuredResult } from "@gpumedia/api/src/load-test-client.ts";
import { needsCodec } from "../../live/testing/live-codec.ts";
import { modelFile, pictureModelBytes } from "../../testing/picture-models.ts";
import { realProcessor, type RealProcessor } from "../testing/real-processor.ts";

const program = fileURLToPath(new URL("../../../loadtest/src/main.ts", import.meta.url));
const token = "correct-horse";

describe("a load test of live video", function () {
  this.timeout(120_000);
  let processor: RealProcessor;

  before(async function () {
    needsCodec(this);
    processor = await realProcessor({
      workers: 1,
      model: { name: "repeating", path: modelFile(pictureModelBytes()) },
      live: { enabled: true, udpPort: 0, token, limits: { sessions: 2 } },
    });
  });
  after(async () => processor?.[Symbol.asyncDispose]());

  async function run(flags: string, environment: NodeJS.ProcessEnv = { GPUMEDIA_LIVE_TOKEN: token }) {
    const parameters = [program, "--url", processor.url, "--scenario", "live", "--json", "-", "--quiet"];
    const child = spawn(process.execPath, [...parameters, ...flags.split(" ")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
    return { child, result: JSON.parse(await text(child.stdout)) as MeasuredResult };
  }

  async function metric(name: string): Promise<number> {
    const metrics = await (await fetch(`${processor.url}/metrics`)).text();
    const line = metrics.split("\n").find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }
  const openSessions = async () => metric('gpumedia_live_sessions{kind="exchange"}');
  const framesOut = async () => metric('gpumedia_live_frames_total{direction="out"}');

  it("counts the frames that come back, of the size that the model makes, and those that are dropped", async () => {
    const { result } = await run("--sessions 2 --frames-per-second 5 --duration 3s --expect-scale 2 --warmup 5");
    const { accepted, rejected, failed } = result.counts;
    assert.deepEqual(
      { sum: accepted + rejected + failed, failed },
      { sum: 30, failed: 0 },
      JSON.stringify(result.failures),
    );
    assert.ok(accepted > 0);
    assert.deepEqual([result.scenario, result.load.concurrency, result.load.ratePerSecond], ["live", 2, 10]);
    assert.ok((result.figures.latencyMs?.p50 ?? 0) > 0);
    assert.equal(await openSessions(), 0);
  });

  it("says why a session was refused: the limit, the token", async () => {
    const third = await run("--sessions 3 --frames-per-second 2 --duration 2s --warmup 0");
    const tooMany = [["http-503", 4, "status 503: 2 sessions are open: live.limits.sessions"]];
    assert.deepEqual(
      third.result.failures.map(({ kind, count, example }) => [kind, count, example]),
      tooMany,
    );
    const { result } = await run("--sessions 1 --duration 1s --warmup 0", { GPUMEDIA_LIVE_TOKEN: "wrong" });
    assert.deepEqual([result.verdict, result.failures[0]?.kind], ["Failed", "http-401"]);
  });

  it("fails the frames of a session that ends, and opens it again", async () => {
    const before = await framesOut();
    const running = run("--sessions 1 --frames-per-second 5 --duration 20s --warmup 0");
    while ((await framesOut()) === before) await new Promise((resolve) => setTimeout(resolve, 20));
    // One of them is kept ready for the next session.
    for (const pid of await mediaProcesses()) process.kill(pid, "SIGKILL");
    const { result } = await running;
    assert.ok(
      result.failures.some(({ kind }) => kind === "reset"),
      JSON.stringify(result.failures),
    );
    assert.ok(result.counts.accepted > 0);
  });
});

async function mediaProcesses(): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [stat, command] = await Promise.all(
      ["stat", "cmdline"].map((file) => readFile(join("/proc", pid, file), "utf8").catch(() => "")),
    );
    // After the name in parentheses: state, parent.
    const parent = Number(/\) \S (\d+)/.exec(stat ?? "")?.[1]);
    if (parent === process.pid && command?.includes("media-program") === true) found.push(Number(pid));
  }
  return found;
}
