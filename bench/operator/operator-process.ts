/** The operator under measurement: a process beside the control plane, its metrics and its memory. */
import { readFile } from "node:fs/promises";
import { request } from "undici";
import type { Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import { startOperator, untilLeading } from "@gpumedia/e2e/cluster/operator.ts";
import { freePort } from "../../workload/src/testing/free-port.ts";
import { Samples } from "./samples.ts";

const namespace = "gpumedia-system";
/** Its user at the API server, to find its requests in the audit log. */
export const operatorUser = `system:serviceaccount:${namespace}:gpumedia-operator`;
/** With 10,000 services the caches take over a minute to fill. */
const startMs = 600_000;

export interface OperatorUnderTest {
  readonly pid: number;
  /** Start of its process, in milliseconds since 1970. */
  readonly startedAt: number;
  metrics(): Promise<Samples>;
  /** Resident memory, now and at its peak, in MiB. */
  memory(): Promise<{ readonly nowMiB: number; readonly peakMiB: number }>;
  /** Shuts it down gracefully: it releases its Lease. */
  stop(): Promise<void>;
}

/**
 * Resolves when it is the leader. Pods on fake nodes cannot be reached, so no reports are collected. `profileTo`: a directory for a
 * CPU profile. `program`: the entry point of another version.
 */
export async function runOperator(
  cluster: Cluster,
  parameters: readonly string[] = [],
  profileTo?: string,
  program?: string,
): Promise<OperatorUnderTest> {
  const port = await freePort();
  const startedAt = Date.now();
  const started = await startOperator(cluster, {
    namespace,
    parameters: [
      `--metrics-address=127.0.0.1:${port}`,
      "--utilization-interval=24h",
      "--log-level=warn",
      ...parameters,
    ],
    ...(program === undefined ? {} : { program }),
    nodeParameters: profileTo === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileTo}`],
  });
  const pid = cluster.processes.pids[started.name];
  if (pid === undefined) throw new Error("the operator has no process id");
  await untilLeading(cluster, started, { withinMs: startMs });
  return {
    pid,
    startedAt,
    async metrics() {
      const { body } = await request(`http://127.0.0.1:${port}/metrics`);
      return Samples.parse(await body.text());
    },
    async memory() {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return { nowMiB: mebibytes(status, "VmRSS"), peakMiB: mebibytes(status, "VmHWM") };
    },
    stop: () => cluster.processes.kill(started.name, "SIGTERM"),
  };
}

function mebibytes(status: string, name: string): number {
  return Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024);
}
