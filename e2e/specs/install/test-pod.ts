/** The kubelet's part in `helm test`: on kwok's nodes, the test's pod runs forever. */
import type { Cluster } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";

/** Waits until the pod runs, and sets its phase to Succeeded. */
export async function testPodSucceeds(cluster: Cluster, release: string, namespace: string): Promise<void> {
  const pod = `/api/v1/namespaces/${namespace}/pods/${release}-test`;
  await until("the test's pod to run", async (see) => {
    const live = (await cluster.rest.get(pod)) as { status?: { phase?: string } } | undefined;
    return see(live?.status)?.phase === "Running";
  });
  await cluster.rest.request("PATCH", `${pod}/status`, { status: { phase: "Succeeded" } }, "merge-patch+json");
}
