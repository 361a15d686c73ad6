/** A control plane of its own for one measurement, with room for the pods of so many services. */
import { startCluster, type Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import type { OperatorUnderTest } from "./operator-process.ts";

export interface Room {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Where the operator leaves a CPU profile when it ends. */
  readonly profileTo: string | undefined;
  /** The operator that runs in it, once one does. */
  operator: OperatorUnderTest | undefined;
}

const replicas = 2;
const podsPerNode = 100;

export async function withRoom<T>(
  services: number,
  profileTo: string | undefined,
  measure: (room: Room) => Promise<T>,
): Promise<T> {
  await using cluster = await startCluster({
    crds: true,
    // On a busy machine kwok's heartbeats come late, and pods of a node that seems to be gone are no longer Ready.
    nodeMonitor: { period: "5s", gracePeriod: "1h" },
  });
  const pods = services * replicas;
  const perNode = { pods: String(podsPerNode), cpu: "1k", memory: "10Ti" };
  // A few more than needed: a scheduler that has to search for the last free GPU is not what is measured.
  await cluster.addNodes({ count: Math.ceil((pods * 1.1) / podsPerNode), gpus: podsPerNode, resources: perNode });
  const room: Room = { cluster, namespace: await cluster.newNamespace("bench"), profileTo, operator: undefined };
  try {
    return await measure(room);
  } finally {
    await room.operator?.stop();
  }
}
