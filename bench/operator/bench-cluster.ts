/** A separate control plane for one measurement, with enough nodes for the pods of a number of services. */
import { startCluster, type Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import type { OperatorUnderTest } from "./operator-process.ts";

export interface BenchCluster {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Directory for the operator's CPU profile. */
  readonly profileTo: string | undefined;
  /** The running operator, if any. */
  operator: OperatorUnderTest | undefined;
}

const replicas = 2;
const podsPerNode = 100;

export async function withBenchCluster<T>(
  services: number,
  profileTo: string | undefined,
  measure: (bench: BenchCluster) => Promise<T>,
): Promise<T> {
  await using cluster = await startCluster({
    crds: true,
    // On a busy machine kwok's heartbeats are late, and the pods of a NotReady node are no longer Ready.
    nodeMonitor: { period: "5s", gracePeriod: "1h" },
  });
  const pods = services * replicas;
  const perNode = { pods: String(podsPerNode), cpu: "1k", memory: "10Ti" };
  // A few more than needed: the scheduler's search for the last free GPU is not to be measured.
  await cluster.addNodes({ count: Math.ceil((pods * 1.1) / podsPerNode), gpus: podsPerNode, resources: perNode });
  const bench: BenchCluster = {
    cluster,
    namespace: await cluster.newNamespace("bench"),
    profileTo,
    operator: undefined,
  };
  try {
    return await measure(bench);
  } finally {
    await bench.operator?.stop();
  }
}
