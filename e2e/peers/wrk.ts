/** Debian's wrk, a load generator: posts a picture in a closed loop, in which each connection sends again after its response. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Reported } from "./k6.ts";

/** Why there is no wrk; undefined if there is. */
export function whyNoWrk(): string | undefined {
  return spawnSync("wrk", ["-v"]).error === undefined
    ? undefined
    : "wrk is not on the PATH: install Debian's package wrk";
}

export interface ClosedLoad {
  readonly url: string;
  /** Path of a JPEG. */
  readonly picture: string;
  readonly connections: number;
  readonly seconds: number;
}

export async function runWrk({ url, picture, connections, seconds }: ClosedLoad): Promise<Reported> {
  const directory = await mkdtemp(join(tmpdir(), "gpumedia-wrk-"));
  try {
    const script = join(directory, "script.lua");
    await writeFile(script, scriptOf(picture));
    const load = ["--threads", "1", "--connections", String(connections), "--duration", `${seconds}s`];
    const { stdout } = await promisify(execFile)("wrk", [...load, "--timeout", "30s", "--script", script, url]);
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Reported;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Its own latencies are in µs, and its report is text. */
function scriptOf(picture: string): string {
  return `
wrk.method = "POST"
wrk.headers["Content-Type"] = "image/jpeg"
local file = io.open(${JSON.stringify(picture)}, "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency)
  local errors = summary.errors
  print(string.format('{"requests":%d,"failed":%d,"perSecond":%f,"p50":%f,"p95":%f,"p99":%f}',
    summary.requests, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
`;
}
