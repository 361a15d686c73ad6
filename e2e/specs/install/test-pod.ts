/** The part of the kubelet in `helm test`: kwok lets the test's pod run, and never ends it. */
import type { Cluster } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";

/** Waits for the pod, and says that it has succeeded. */
export async function testPodSucceeds(cluster: Cluster, release: string, namespace: string): Promise<void> {
  const pod = `/api/v1/namespaces/${namespace}/pods/${release}-test`;
  await until("the test's pod to run", async () => {
    const live = (await cluster.rest.get(pod)) as { status?: { phase?: string } } | undefined;
    return live?.status?.phase === "Running";
  });
  await cluster.rest.request("PATCH", `${pod}/status`, { status: { phase: "Succeeded" } }, "merge-patch+json");
}
