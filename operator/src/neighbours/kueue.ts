/** Kueue: it holds pods back by scheduling gates until a queue admits them, as its version 0.17.0 was seen to do (docs/neighbours.md). */

/** Of a pod: the LocalQueue that must admit it. Kueue's webhook adds it where the namespace has a queue named default. */
export const queueLabel = "kueue.x-k8s.io/queue-name";

/** Such as `kueue.x-k8s.io/admission` and `kueue.x-k8s.io/topology`. */
export function isKueueGate(gate: string): boolean {
  return gate.startsWith("kueue.x-k8s.io/");
}

/** Why Kueue's gates are still there, and the next step. */
export function notAdmitted(queue: string | undefined): string {
  return queue === undefined
    ? "Kueue has not admitted it; see kubectl get workloads"
    : `Kueue's queue ${queue} has not admitted it; see kubectl describe localqueue ${queue}`;
}
