/** A pod for tests: it belongs to `media/upscaler`, is bound to node `n`, and is not ready. */
import type { PodView } from "./pod-view.ts";

export function samplePod(change: Partial<PodView> = {}): PodView {
  return {
    name: "p",
    namespace: "media",
    uid: "u",
    service: "media/upscaler",
    labels: {},
    templateHash: "abc",
    replicaSet: undefined,
    node: "n",
    ip: undefined,
    phase: "Pending",
    ready: false,
    terminating: false,
    createdAt: "2026-01-01T00:00:00Z",
    devices: {},
    unschedulable: undefined,
    container: undefined,
    deletionCost: undefined,
    ...change,
  };
}
