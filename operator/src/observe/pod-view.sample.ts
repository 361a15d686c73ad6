/** Pods for tests: of `media/upscaler`, bound to node `n`, not ready. */
import type { ContainerView, PodView } from "./pod-view.ts";

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
    terminatesBy: undefined,
    createdAt: "2026-01-01T00:00:00Z",
    devices: {},
    claims: [],
    lacksClaim: false,
    unschedulable: undefined,
    gates: [],
    failed: undefined,
    startFailure: undefined,
    provisioning: undefined,
    container: undefined,
    blocking: undefined,
    unhealthyDevice: undefined,
    deletionCost: undefined,
    doNotDisrupt: undefined,
    ...change,
  };
}

/** It has started, and does not run. */
export function sampleContainer(change: Partial<ContainerView> = {}): ContainerView {
  const nothing = { waiting: undefined, running: false, ready: false, ended: undefined };
  return { restarts: 0, started: true, ...nothing, ...change };
}
