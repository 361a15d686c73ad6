/** Reads pods and their reports, and sends them pictures. */
import { setTimeout } from "node:timers/promises";
import type { UtilizationReport } from "@gpumedia/api";
import type { Agent } from "undici";
import type { Cluster } from "../../cluster/cluster.ts";
import { sendPicture } from "../../cluster/process-node/client.ts";

export interface RealPod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly serviceAccountName: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
    }[];
  };
}

export async function podsOf(
  { kubectl }: Cluster,
  namespace: string,
  selector = "app.kubernetes.io/name=gpu-media",
): Promise<readonly RealPod[]> {
  const listed = await kubectl("get", "pods", "-n", namespace, "-l", selector, "-o", "json");
  return (JSON.parse(listed) as { readonly items: readonly RealPod[] }).items;
}

/** Returns a processor's report, requested through the API server. */
export async function reportOf({ kubectl }: Cluster, namespace: string, pod: RealPod): Promise<UtilizationReport> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}:8080/proxy/utilization`;
  return JSON.parse(await kubectl("get", "--raw", path)) as UtilizationReport;
}

/** Requests few resources, and shuts down without waiting for clients. */
export const quick = {
  resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  processing: { logLevel: "info", env: [{ name: "GPUMEDIA_WORKERS", value: "1" }] },
  drain: { timeout: "10s" },
  autoscaling: { horizontal: { enabled: false } },
} as const;

/** Sends pictures one after the other; the returned function stops it, and returns the failures. An `await using` stops it when a test fails. */
export function sendAlways(
  address: string,
  agent: Agent,
  pauseMs = 0,
): (() => Promise<{ sent: number; failures: readonly string[] }>) & AsyncDisposable {
  const ending = new AbortController();
  const failures: string[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      sent++;
      const outcome = await sendPicture(address, agent).then(({ status }) => String(status), String);
      if (outcome !== "200") failures.push(outcome);
      await setTimeout(pauseMs);
    }
  };
  const running = client();
  const end = async () => {
    ending.abort();
    await running;
    return { sent, failures };
  };
  return Object.assign(end, { [Symbol.asyncDispose]: async () => void (await end()) });
}
