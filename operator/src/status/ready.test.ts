import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { ApiError } from "../kube/errors.ts";
import type { ChildStatus } from "../observe/child-view.ts";
import { sampleContainer, samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { Failure } from "../plan/failure.ts";
import { isFalse, isTrue, type Verdict } from "./condition.ts";
import { readiness, stalled, type Readiness } from "./ready.ts";
import type { StatusInput } from "./status-input.ts";
import type { ReadyReason } from "./reasons.ts";
import { sampleChild, sampleReading, sampleStatusInput } from "./status-input.sample.ts";

/** A Deployment of two replicas, both ready. */
const serving: ChildStatus = {
  observedGeneration: 3,
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
};
const noneReady: ChildStatus = { observedGeneration: 3, replicas: 2, updatedReplicas: 2 };
const deadlineExceeded = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" };

/** Pods that do not serve, for a fatal reason and for another. */
const ended = { exitCode: 1, reason: "Error", message: "", signal: 0 };
const crashes = samplePod({ container: sampleContainer({ restarts: 3, ended }) });
const unplaced = samplePod({ node: undefined, unschedulable: "1 Insufficient cpu" });
const refused = samplePod({
  phase: "Failed",
  failed: { reason: "OutOfcpu", message: "Pod was rejected", at: "2026-01-01T00:00:00Z" },
});
const crashText = "pod p exited with code 1 (3 restarts); see kubectl logs p --previous";

/** Settled: neither Reconciling nor Stalled. */
const settled = (ready: Verdict<ReadyReason>): Readiness => ({ ready, reconciling: undefined, stalled: undefined });
const ready = settled(isTrue("Serving", "2 of 2 replicas are ready"));
/** Not ready, and Reconciling. */
const inProgress = (reason: ReadyReason, message: string): Readiness => ({
  ready: isFalse(reason, message),
  reconciling: isTrue(reason, message),
  stalled: undefined,
});
const progressing = (text: string): Readiness => inProgress("Progressing", text);

const beingDeleted = "a predecessor is being deleted";
const waitingForRemoval: Failure = {
  kind: "Waiting",
  reason: "AwaitingRemoval",
  afterMs: 1_000,
  message: beingDeleted,
};
const cause = new ApiError({ status: 500, reason: "", message: "etcd", method: "POST", path: "/" });
const rejected: Failure = { kind: "Stalled", reason: "ChildRejected", message: "the API server rejects it" };

const used = { replicas: 0, quota: "gpus", resource: "gpu.nvidia.com.deviceclass.resource.k8s.io/devices" };
const unclaimed =
  "pod p gets no ResourceClaim: quota gpus has too little gpu.nvidia.com.deviceclass.resource.k8s.io/devices left; raise the quota, or lower the number of replicas";

interface Case {
  readonly spec?: GpuMediaServiceSpec;
  /** `null`: no Deployment exists. */
  readonly status: ChildStatus | null;
  /** `spec.replicas` of the Deployment. Default: 2. */
  readonly replicas?: number;
  readonly pods?: readonly PodView[];
  readonly failure?: Failure;
  readonly lost?: StatusInput["reading"]["lost"];
  readonly claimQuota?: StatusInput["claimQuota"];
  readonly readiness: Readiness;
}

const cases: Readonly<Record<string, Case>> = {
  "all replicas are ready": { status: serving, readiness: ready },
  "no Deployment": { status: null, readiness: progressing("the Deployment has not been created yet") },
  "the counts of an earlier generation": {
    status: { ...serving, observedGeneration: 2 },
    readiness: progressing("waiting for the Deployment controller to observe the latest change"),
  },
  "a Deployment without a status": {
    status: {},
    readiness: progressing("waiting for the Deployment controller to observe the latest change"),
  },
  "scaled to zero": {
    status: { observedGeneration: 3 },
    replicas: 0,
    readiness: settled(isTrue("ScaledToZero", "scaled to 0 replicas")),
  },
  "a scale-out while minReplicas are ready": {
    status: { ...serving, replicas: 5, updatedReplicas: 5 },
    replicas: 5,
    pods: [unplaced],
    readiness: settled(isTrue("Serving", "2 of 5 replicas are ready")),
  },
  "a scale-out that nodes reject while minReplicas are ready": {
    status: { ...serving, replicas: 5, updatedReplicas: 5 },
    replicas: 5,
    pods: Array.from({ length: 230 }, () => refused),
    readiness: settled(
      isTrue(
        "Degraded",
        "2 of 5 replicas are ready; pod p failed on node n (OutOfcpu): Pod was rejected; see kubectl describe pod p (and at least 200 more)",
      ),
    ),
  },
  "pods that nodes rejected before all replicas became ready": {
    status: serving,
    pods: [refused, samplePod({ ready: true }), samplePod({ ready: true })],
    readiness: ready,
  },
  "a pod that reports a lost GPU while it serves": {
    status: serving,
    pods: [samplePod({ ready: true }), samplePod({ name: "q", ready: true })],
    lost: [{ pod: "q", gpu: "GPU 0 (GPU-1): GPU_IS_LOST" }],
    readiness: settled(
      isTrue(
        "Degraded",
        "2 of 2 replicas are ready; pod q is ready although it has lost GPU 0 (GPU-1): GPU_IS_LOST; check node n, then delete the pod to replace it on another GPU",
      ),
    ),
  },
  "pods whose device plugin reports their GPUs as unhealthy": {
    status: serving,
    pods: ["p", "q"].map((name) =>
      samplePod({ name, ready: true, unhealthyDevice: "nvidia.com/gpu GPU-1: unhealthy" }),
    ),
    readiness: settled(
      isTrue(
        "Degraded",
        "2 of 2 replicas are ready; pod p is ready although it has lost nvidia.com/gpu GPU-1: unhealthy; check node n, then delete the pod to replace it on another GPU (and 1 more)",
      ),
    ),
  },
  "a lost GPU of a pod that is being deleted": {
    status: serving,
    pods: [samplePod({ ready: true, terminating: true, unhealthyDevice: "nvidia.com/gpu GPU-1: unhealthy" })],
    readiness: ready,
  },
  "fewer than desired without an autoscaler": {
    spec: { replicas: 5, autoscaling: { horizontal: { enabled: false } } },
    status: { ...serving, replicas: 5, updatedReplicas: 5 },
    replicas: 5,
    readiness: progressing("2 of 5 replicas are ready"),
  },
  "a rollout whose old pods are ready": {
    status: { ...serving, updatedReplicas: 1 },
    readiness: progressing("2 of 2 replicas are ready, 1 of them updated"),
  },
  "a rollout whose old pods still exist": {
    status: { ...serving, replicas: 3, readyReplicas: 3, availableReplicas: 3 },
    readiness: progressing("3 of 2 replicas are ready, 2 of them updated"),
  },
  "pods that start": {
    status: noneReady,
    pods: [samplePod({ node: undefined })],
    readiness: progressing("0 of 2 replicas are ready; pod p is waiting to be scheduled"),
  },
  "pods that wait for a further device, while GPUs are free": {
    status: noneReady,
    pods: [
      samplePod({
        node: undefined,
        unschedulable: "0/1 nodes are available: 1 Insufficient nvidia.com/gpumem.",
        devices: { "nvidia.com/gpu": 1, "nvidia.com/gpumem": 4000 },
      }),
    ],
    readiness: inProgress(
      "Unschedulable",
      "0 of 2 replicas are ready; pod p cannot be scheduled: 0/1 nodes are available: 1 Insufficient nvidia.com/gpumem.",
    ),
  },
  "a pod for which Karpenter adds no node": {
    status: noneReady,
    pods: [{ ...unplaced, provisioning: { coming: false, why: "no instance type fits" } }],
    readiness: inProgress(
      "Unschedulable",
      "0 of 2 replicas are ready; pod p cannot be scheduled: 1 Insufficient cpu; Karpenter adds no node for it: no instance type fits",
    ),
  },
  "a pod for which Karpenter adds a node, and one for which it adds none": {
    status: noneReady,
    pods: [{ ...unplaced, provisioning: { coming: true, progress: "NodeClaim gpus-1 is not launched yet" } }, unplaced],
    readiness: inProgress("Unschedulable", "0 of 2 replicas are ready; pod p cannot be scheduled: 1 Insufficient cpu"),
  },
  "pods that crash before the progress deadline": {
    status: noneReady,
    pods: [crashes],
    readiness: inProgress("CrashLoop", `0 of 2 replicas are ready; ${crashText}`),
  },
  "pods that crash after the progress deadline": {
    status: { ...noneReady, conditions: [deadlineExceeded] },
    pods: [crashes],
    readiness: stalled("CrashLoop", `0 of 2 replicas are ready; ${crashText}`),
  },
  "pods that cannot be scheduled after the deadline: a node may come": {
    status: { ...noneReady, conditions: [deadlineExceeded] },
    pods: [unplaced],
    readiness: inProgress("Unschedulable", "0 of 2 replicas are ready; pod p cannot be scheduled: 1 Insufficient cpu"),
  },
  "pods that Pod Security rejects": {
    status: { ...noneReady, conditions: [replicaFailure("violates PodSecurity"), deadlineExceeded] },
    readiness: stalled("PodsForbidden", "0 of 2 replicas are ready; cannot create pods: violates PodSecurity"),
  },
  "pods whose kernel parameters a policy rejects": {
    status: { ...noneReady, conditions: [replicaFailure("forbidden sysctls (kernel.msgmax)")] },
    readiness: inProgress(
      "PodsForbidden",
      '0 of 2 replicas are ready; cannot create pods: forbidden sysctls (kernel.msgmax); set the kernel parameter to "" in spec.sysctls',
    ),
  },
  "pods without quota after the deadline: quota may become free": {
    status: { ...noneReady, conditions: [replicaFailure("exceeded quota: gpus"), deadlineExceeded] },
    readiness: inProgress("QuotaExceeded", "0 of 2 replicas are ready; cannot create pods: exceeded quota: gpus"),
  },
  "pods that were rejected before": {
    status: { ...serving, conditions: [{ ...replicaFailure("forbidden"), status: "False" }] },
    readiness: ready,
  },
  "a rejected child, although all replicas are ready": {
    status: serving,
    failure: rejected,
    readiness: stalled("ChildRejected", "the API server rejects it"),
  },
  "a child that waits, while all replicas are ready": {
    status: serving,
    failure: waitingForRemoval,
    readiness: {
      ready: isTrue("Serving", "2 of 2 replicas are ready"),
      reconciling: isTrue("AwaitingRemoval", beingDeleted),
      stalled: undefined,
    },
  },
  "a child that waits, and no replica is ready": {
    status: noneReady,
    failure: waitingForRemoval,
    readiness: inProgress("AwaitingRemoval", beingDeleted),
  },
  "an error of the API server": {
    status: null,
    failure: { kind: "Transient", cause },
    readiness: inProgress("ApiServerError", "a request to the API server failed, retrying: etcd"),
  },
  "a pod whose ResourceClaim a quota forbids": {
    status: noneReady,
    pods: [samplePod({ node: undefined, claims: ["gpu"], lacksClaim: true })],
    claimQuota: used,
    readiness: inProgress("QuotaExceeded", `0 of 2 replicas are ready; ${unclaimed}`),
  },
  "a pod for whose extended resource a quota forbids the claim": {
    status: noneReady,
    pods: [samplePod({ node: undefined, unschedulable: 'claims "x" is forbidden: exceeded quota: gpus' })],
    claimQuota: used,
    readiness: inProgress("QuotaExceeded", `0 of 2 replicas are ready; ${unclaimed}`),
  },
  "a pod that waits for a claim that the quota admits": {
    status: noneReady,
    pods: [samplePod({ node: undefined, claims: ["gpu"], lacksClaim: true })],
    claimQuota: { ...used, replicas: 1 },
    readiness: progressing("0 of 2 replicas are ready; pod p is waiting to be scheduled"),
  },
  "a conflict": {
    status: null,
    failure: { kind: "Conflict" },
    readiness: progressing("a child changed during the update, retrying"),
  },
  "suspended while all replicas are ready": {
    spec: { suspend: true },
    status: serving,
    readiness: settled(isTrue("Suspended", "suspended, set spec.suspend: false to resume; 2 of 2 replicas are ready")),
  },
  "suspended with pods that crash: neither Reconciling nor Stalled": {
    spec: { suspend: true },
    status: { ...noneReady, conditions: [deadlineExceeded] },
    pods: [crashes],
    readiness: settled(
      isFalse("Suspended", `suspended, set spec.suspend: false to resume; 0 of 2 replicas are ready; ${crashText}`),
    ),
  },
};

describe("Ready, Reconciling and Stalled", () => {
  for (const [title, { readiness: expected, ...seen }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(readiness(statusInput(seen)), expected));
  }
});

function statusInput({
  spec = {},
  status,
  replicas = 2,
  pods = [],
  failure,
  lost = [],
  claimQuota,
}: Omit<Case, "readiness">) {
  const deployment = status === null ? undefined : sampleChild({ generation: 3, spec: { replicas }, status });
  return sampleStatusInput({
    service: sampleService(spec),
    deployment,
    pods,
    failure,
    claimQuota,
    reading: sampleReading({ lost }),
  });
}

function replicaFailure(message: string) {
  return { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message };
}
