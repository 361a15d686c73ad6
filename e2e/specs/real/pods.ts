/** What the specs read of pods, and services that start quickly. */
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

/** What a processor says of itself, asked by way of the API server. */
export async function reportOf({ kubectl }: Cluster, namespace: string, pod: RealPod): Promise<UtilizationReport> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}:8080/proxy/utilization`;
  return JSON.parse(await kubectl("get", "--raw", path)) as UtilizationReport;
}

/** Little of the machine, and an end without waiting for clients. */
export const quick = {
  resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  processing: { logLevel: "info", env: [{ name: "GPUMEDIA_WORKERS", value: "1" }] },
  drain: { timeout: "10s" },
  autoscaling: { horizontal: { enabled: false } },
} as const;

/** A client that sends one picture after the other; answers how to end it, with what it was not answered. */
export function sendAlways(
  address: string,
  agent: Agent,
): () => Promise<{ sent: number; failures: readonly string[] }> {
  const ending = new AbortController();
  const failures: string[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      sent++;
      const outcome = await sendPicture(address, agent).then(({ status }) => String(status), String);
      if (outcome !== "200") failures.push(outcome);
    }
  };
  const running = client();
  return async () => {
    ending.abort();
    await running;
    return { sent, failures };
  };
}
