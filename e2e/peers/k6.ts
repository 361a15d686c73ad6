/** k6, Grafana's load generator, built from its Go module: posts a picture in an open loop, at a constant rate of arrivals. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { peerPrograms, type PeerModule } from "./build.ts";

const k6 = {
  name: "k6",
  module: "go.k6.io/k6",
  programs: { k6: "go.k6.io/k6" },
} as const satisfies PeerModule<string>;

/** Builds it; returns the path of the program. */
export async function k6Program(): Promise<string> {
  return (await peerPrograms(k6)).k6;
}

export interface OpenLoad {
  readonly url: string;
  /** Path of a JPEG. */
  readonly picture: string;
  readonly ratePerSecond: number;
  readonly seconds: number;
}

/** What a load generator reports of its run; times in ms. */
export interface Reported {
  readonly requests: number;
  /** Responses other than pictures. */
  readonly failed: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Runs it. Its times are those of `http_req_duration`: from the request's first byte to the response's last, without the connection. */
export async function runK6({ url, picture, ratePerSecond, seconds }: OpenLoad): Promise<Reported> {
  const program = await k6Program();
  const directory = await mkdtemp(join(tmpdir(), "gpumedia-k6-"));
  try {
    const script = join(directory, "script.js");
    await writeFile(script, scriptOf({ url, picture, ratePerSecond, seconds }));
    const { stdout } = await promisify(execFile)(program, ["run", "--quiet", "--no-usage-report", script]);
    return JSON.parse(stdout) as Reported;
  } finally {
    await rm(directory, { recursive: true });
  }
}

function scriptOf({ url, picture, ratePerSecond, seconds }: OpenLoad): string {
  const open = {
    executor: "constant-arrival-rate",
    rate: ratePerSecond,
    timeUnit: "1s",
    duration: `${seconds}s`,
    preAllocatedVUs: 64,
    maxVUs: 256,
  };
  return `
import http from "k6/http";
import { check } from "k6";
const picture = open(${JSON.stringify(picture)}, "b");
export const options = { scenarios: { open: ${JSON.stringify(open)} }, summaryTrendStats: ["med", "p(95)", "p(99)"] };
export default function () {
  const response = http.post(${JSON.stringify(url)}, picture, { headers: { "Content-Type": "image/jpeg" }, responseType: "binary" });
  check(response, { picture: ({ status, headers }) => status === 200 && headers["Content-Type"].startsWith("image/") });
}
export function handleSummary({ metrics }) {
  const times = metrics.http_req_duration.values;
  return { stdout: JSON.stringify({
    requests: metrics.http_reqs.values.count,
    failed: metrics.checks.values.fails,
    perSecond: metrics.http_reqs.values.rate,
    p50: times.med,
    p95: times["p(95)"],
    p99: times["p(99)"],
  }) };
}
`;
}
