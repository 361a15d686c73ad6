/** The operator under measurement: a process beside the control plane, and what it says and costs. */
import { readFile } from "node:fs/promises";
import { request } from "undici";
import type { Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import { startOperator, untilLeading } from "@gpumedia/e2e/cluster/operator.ts";
import { freePort } from "@gpumedia/e2e/cluster/free-port.ts";
import { Samples } from "./samples.ts";

const namespace = "gpumedia-system";
/** Its user at the API server, by which the audit log's requests are told from others'. */
export const operatorUser = `system:serviceaccount:${namespace}:gpumedia-operator`;

export interface OperatorUnderTest {
  readonly pid: number;
  /** When its process was started, in milliseconds since 1970. */
  readonly startedAt: number;
  metrics(): Promise<Samples>;
  /** Resident memory now and at its highest so far, in MiB. */
  memory(): Promise<{ readonly nowMiB: number; readonly peakMiB: number }>;
  /** Ends it in order: it releases its Lease. */
  stop(): Promise<void>;
}

/**
 * Resolves when it leads. Pods on fake nodes have addresses that lead nowhere, so they are not asked for their
 * utilization. `profileTo`: a directory for a CPU profile.
 */
export async function runOperator(
  cluster: Cluster,
  parameters: readonly string[] = [],
  profileTo?: string,
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
    nodeParameters: profileTo === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileTo}`],
  });
  const pid = cluster.processes.pids[started.name];
  if (pid === undefined) throw new Error("the operator has no process id");
  await untilLeading(cluster, started);
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
