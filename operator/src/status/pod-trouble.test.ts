import assert from "node:assert/strict";
import { sampleContainer, samplePod } from "../observe/pod-view.sample.ts";
import type { ContainerView, PodView } from "../observe/pod-view.ts";
import { isFatal, podTroubles, podTroubleText, type PodTrouble } from "./pod-trouble.ts";

function pod(change: Partial<PodView>): PodView {
  const devices = { "nvidia.com/gpu": 1 };
  return samplePod({ devices, ...change });
}

function withContainer(change: Partial<ContainerView>): PodView {
  return pod({ container: sampleContainer(change) });
}

function ended(change: Partial<NonNullable<ContainerView["ended"]>>): NonNullable<ContainerView["ended"]> {
  return { exitCode: 1, reason: "Error", message: "", signal: 0, ...change };
}

function failure(reason: string, message: string): NonNullable<PodView["failed"]> {
  return { reason, message, at: "2026-01-01T00:00:00Z" };
}

function waits(reason: string, message = ""): PodView {
  return withContainer({ waiting: { reason, message } });
}

/** As containerd reports it (NVIDIA/nvidia-container-toolkit#152). */
const tooOld =
  "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: requirement error: unsatisfied condition: cuda>=13.0, please update your driver to a newer version, or use an earlier cuda container: unknown";
const progress = "NodeClaim gpus-1 is not launched yet";
const unprepared =
  "Failed to prepare dynamic resources: prepare dynamic resources: NodePrepareResources: DRA driver gpu.example.com is not registered";
const noDevice =
  "failed to create containerd task: CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=GPU-0";
/** The kubelet's words: pkg/kubelet/cm/devicemanager/manager.go and lifecycle/predicate.go. */
const lostGpu =
  "Pod was rejected: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected";
/** NVIDIA/k8s-device-plugin, failRequestsGreaterThanOne. */
const tooManyShares =
  "Pod was rejected: Allocate failed due to rpc error: code = Unknown desc = request for 'nvidia.com/gpu: 2' too large: maximum request size for shared resources is 1; found 2, which is unexpected";
const unsafeSysctl = 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted';

describe("trouble of pods", () => {
  const cases: {
    readonly [title: string]: {
      readonly pod: PodView;
      readonly trouble: PodTrouble;
      readonly text: string;
      readonly fatal?: true;
    };
  } = {
    "not scheduled yet": {
      pod: pod({ node: undefined }),
      trouble: { pod: "p", reason: "Starting", step: "Scheduling" },
      text: "is waiting to be scheduled",
    },
    "no free GPU": {
      pod: pod({ node: undefined, unschedulable: "1 Insufficient nvidia.com/gpu" }),
      trouble: { pod: "p", reason: "WaitingForGpu" },
      text: "is waiting for a GPU",
    },
    // Read "no node has 1 free nvidia.com/gpu" while Karpenter added one.
    "no free GPU, and a node that comes": {
      pod: pod({
        node: undefined,
        unschedulable: "1 Insufficient nvidia.com/gpu",
        provisioning: { coming: true, progress },
      }),
      trouble: { pod: "p", reason: "WaitingForNode", progress },
      text: `is waiting for a node from Karpenter: ${progress}`,
    },
    "too little CPU, and a node that comes": {
      pod: pod({ node: undefined, unschedulable: "1 Insufficient cpu", provisioning: { coming: true, progress } }),
      trouble: { pod: "p", reason: "WaitingForNode", progress },
      text: `is waiting for a node from Karpenter: ${progress}`,
    },
    "no free GPU, and no node that comes": {
      pod: pod({
        node: undefined,
        unschedulable: "1 Insufficient nvidia.com/gpu",
        provisioning: { coming: false, why: "no instance type fits" },
      }),
      trouble: { pod: "p", reason: "WaitingForGpu", provisioning: { coming: false, why: "no instance type fits" } },
      text: "is waiting for a GPU",
    },
    "a node, for which it no longer waits": {
      pod: pod({ provisioning: { coming: true, progress } }),
      trouble: { pod: "p", reason: "Starting", step: "CreatingContainer", node: "n" },
      text: "is being created on node n",
    },
    "too little CPU": {
      pod: pod({ node: undefined, unschedulable: "1 Insufficient cpu" }),
      trouble: { pod: "p", reason: "Unschedulable", message: "1 Insufficient cpu" },
      text: "cannot be scheduled: 1 Insufficient cpu",
    },
    "no container status yet": {
      pod: pod({}),
      trouble: { pod: "p", reason: "Starting", step: "CreatingContainer", node: "n" },
      text: "is being created on node n",
    },
    // The kubelet's words, while the driver is away (pkg/kubelet/cm/dra/manager.go).
    "a claim that the kubelet cannot prepare": {
      pod: pod({ startFailure: { reason: "FailedPrepareDynamicResources", message: unprepared } }),
      trouble: {
        pod: "p",
        reason: "ContainerNotCreated",
        waiting: "FailedPrepareDynamicResources",
        message: unprepared,
        node: "n",
      },
      text: `cannot create its container (FailedPrepareDynamicResources): ${unprepared}; check that the DRA driver is running on node n`,
      fatal: true,
    },
    "a volume that the kubelet cannot mount": {
      pod: samplePod({
        startFailure: { reason: "FailedMount", message: 'secret "x" not found' },
        container: sampleContainer({ waiting: { reason: "ContainerCreating", message: "" } }),
      }),
      trouble: {
        pod: "p",
        reason: "ContainerNotCreated",
        waiting: "FailedMount",
        message: 'secret "x" not found',
        node: "n",
      },
      text: 'cannot create its container (FailedMount): secret "x" not found',
      fatal: true,
    },
    "an event that is outdated, because the container runs": {
      pod: samplePod({
        startFailure: { reason: "FailedMount", message: 'secret "x" not found' },
        container: sampleContainer({ running: true, started: false }),
      }),
      trouble: { pod: "p", reason: "Starting", step: "LoadingModel" },
      text: "is loading its model",
    },
    "an image that is not found": {
      pod: waits("ImagePullBackOff", "not found"),
      trouble: { pod: "p", reason: "ImagePullFailed", message: "not found" },
      text: "cannot pull its image: not found",
      fatal: true,
    },
    "an image that cannot be pulled, without a message of the kubelet": {
      pod: waits("InvalidImageName"),
      trouble: { pod: "p", reason: "ImagePullFailed", message: "InvalidImageName" },
      text: "cannot pull its image: InvalidImageName",
      fatal: true,
    },
    "a container that cannot be created": {
      pod: waits("CreateContainerConfigError", 'secret "x" not found'),
      trouble: {
        pod: "p",
        reason: "ContainerNotCreated",
        waiting: "CreateContainerConfigError",
        message: 'secret "x" not found',
        node: "n",
      },
      text: 'cannot create its container (CreateContainerConfigError): secret "x" not found',
      fatal: true,
    },
    "a driver that is too old for the image, between two attempts": {
      pod: withContainer({
        restarts: 4,
        waiting: { reason: "CrashLoopBackOff", message: "back-off 1m20s" },
        ended: ended({ exitCode: 128, reason: "StartError", message: tooOld }),
      }),
      trouble: { pod: "p", reason: "ContainerNotCreated", waiting: "StartError", message: tooOld, node: "n" },
      text: "cannot create its container (StartError): nvidia-container-cli: requirement error: unsatisfied condition: cuda>=13.0, please update your driver to a newer version, or use an earlier cuda container; CUDA 13.0 needs driver 580 or later on node n: update it, or select nodes that have it with scheduling.nodeSelector",
      fatal: true,
    },
    "a device that the runtime cannot inject": {
      pod: withContainer({
        ended: ended({ exitCode: 128, reason: "StartError", message: `${noDevice}: unknown` }),
      }),
      trouble: {
        pod: "p",
        reason: "ContainerNotCreated",
        waiting: "StartError",
        message: `${noDevice}: unknown`,
        node: "n",
      },
      text: `cannot create its container (StartError): ${noDevice}`,
      fatal: true,
    },
    "a GPU that was lost before the pod was admitted": {
      pod: pod({ phase: "Failed", failed: failure("UnexpectedAdmissionError", lostGpu) }),
      trouble: { pod: "p", reason: "FailedOnNode", node: "n", failure: "UnexpectedAdmissionError", message: lostGpu },
      text: `failed on node n (UnexpectedAdmissionError): ${lostGpu}; check the GPUs and the device plugin of node n`,
      fatal: true,
    },
    "more than one share of a GPU that is shared": {
      pod: pod({ phase: "Failed", failed: failure("UnexpectedAdmissionError", tooManyShares) }),
      trouble: {
        pod: "p",
        reason: "FailedOnNode",
        node: "n",
        failure: "UnexpectedAdmissionError",
        message: tooManyShares,
      },
      text: `failed on node n (UnexpectedAdmissionError): ${tooManyShares}; set gpu.count: 1, because the GPUs of the node are shared and a larger share gives no more of a GPU`,
      fatal: true,
    },
    "an unsafe kernel parameter": {
      pod: pod({ phase: "Failed", failed: failure("SysctlForbidden", unsafeSysctl) }),
      trouble: { pod: "p", reason: "FailedOnNode", node: "n", failure: "SysctlForbidden", message: unsafeSysctl },
      text: `failed on node n (SysctlForbidden): ${unsafeSysctl}; set the kernel parameter to "" in spec.sysctls, or list it in the kubelet's allowedUnsafeSysctls`,
      fatal: true,
    },
    "an eviction, although its container was once OOM-killed": {
      pod: pod({
        phase: "Failed",
        failed: failure("Evicted", "The node was low on resource: ephemeral-storage. "),
        container: sampleContainer({ ended: ended({ reason: "OOMKilled" }) }),
      }),
      trouble: {
        pod: "p",
        reason: "FailedOnNode",
        node: "n",
        failure: "Evicted",
        message: "The node was low on resource: ephemeral-storage. ",
      },
      text: "failed on node n (Evicted): The node was low on resource: ephemeral-storage.; see kubectl describe pod p",
      fatal: true,
    },
    "a pod that Kueue's queue has not admitted": {
      pod: pod({
        node: undefined,
        gates: ["kueue.x-k8s.io/admission"],
        labels: { "kueue.x-k8s.io/queue-name": "gpus" },
      }),
      trouble: { pod: "p", reason: "SchedulingGated", gates: ["kueue.x-k8s.io/admission"], queue: "gpus" },
      text: "is held back by the scheduling gate kueue.x-k8s.io/admission: Kueue's queue gpus has not admitted it; see kubectl describe localqueue gpus",
    },
    "a pod that Kueue has not admitted, in no queue that its labels name": {
      pod: pod({ node: undefined, gates: ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"] }),
      trouble: {
        pod: "p",
        reason: "SchedulingGated",
        gates: ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"],
        queue: undefined,
      },
      text: "is held back by the scheduling gates kueue.x-k8s.io/admission, kueue.x-k8s.io/topology: Kueue has not admitted it; see kubectl get workloads",
    },
    "a scheduling gate of another controller": {
      pod: pod({ node: undefined, gates: ["example.com/wait"] }),
      trouble: { pod: "p", reason: "SchedulingGated", gates: ["example.com/wait"], queue: undefined },
      text: "is held back by the scheduling gate example.com/wait: the scheduler ignores it until the controller of the gate removes it",
    },
    "an OOM kill, also while the container runs again": {
      pod: withContainer({ running: true, restarts: 1, ended: ended({ reason: "OOMKilled" }) }),
      trouble: { pod: "p", reason: "OutOfMemory", restarts: 1 },
      text: "was OOM-killed at its memory limit (1 restart); raise resources.limits.memory, or lower processing.batch.maxSize",
      fatal: true,
    },
    "an exit with the processor's message": {
      pod: withContainer({ restarts: 2, ended: ended({ message: "no model\n" }) }),
      trouble: { pod: "p", reason: "CrashLoop", exitCode: 1, signal: 0, restarts: 2, message: "no model" },
      text: "exited with code 1 (2 restarts): no model",
      fatal: true,
    },
    "a termination by a signal": {
      pod: withContainer({ ended: ended({ exitCode: 139, signal: 11 }) }),
      trouble: { pod: "p", reason: "CrashLoop", exitCode: 139, signal: 11, restarts: 0, message: "" },
      text: "was terminated by signal 11 (0 restarts); see kubectl logs p --previous",
      fatal: true,
    },
    "a model that is being loaded": {
      pod: withContainer({ running: true, started: false }),
      trouble: { pod: "p", reason: "Starting", step: "LoadingModel" },
      text: "is loading its model",
    },
    "a restart because the model took too long to load": {
      pod: withContainer({ running: true, started: false, restarts: 1 }),
      trouble: { pod: "p", reason: "ProbesFailing", restarts: 1 },
      text: "is running but not ready after 1 restart: its probes fail; see kubectl logs p",
    },
    "a failing readiness probe": {
      pod: withContainer({ running: true }),
      trouble: { pod: "p", reason: "ProbesFailing", restarts: 0 },
      text: "is running but not ready: its readiness probe fails; see kubectl logs p",
    },
    "a node that does not report, although the container was once OOM-killed": {
      pod: withContainer({ running: true, ready: true, restarts: 1, ended: ended({ reason: "OOMKilled" }) }),
      trouble: { pod: "p", reason: "NodeNotReady", node: "n" },
      text: "is not ready although its container is: node n does not report (kubectl describe node n), or a readiness gate of the pod is not met",
    },
  };
  const added = (comesFirst: boolean, change: Partial<ContainerView>): Partial<PodView> => ({
    blocking: { name: "vault", comesFirst, ...sampleContainer(change) },
  });
  const waitsForIt = sampleContainer({ waiting: { reason: "PodInitializing", message: "" } });
  const serves = sampleContainer({ running: true, ready: true });
  const loads = sampleContainer({ running: true, started: false });
  Object.assign(cases, {
    "an init container that runs": {
      pod: pod({ container: waitsForIt, ...added(true, { running: true }) }),
      trouble: { pod: "p", container: "vault", reason: "Starting", step: "Initializing" },
      text: "is waiting for its init container vault; see kubectl logs p -c vault",
    },
    "an init container that fails": {
      pod: pod({ container: waitsForIt, ...added(true, { restarts: 3, ended: ended({}) }) }),
      trouble: { pod: "p", container: "vault", reason: "CrashLoop", exitCode: 1, signal: 0, restarts: 3, message: "" },
      text: "has a container vault that exited with code 1 (3 restarts); see kubectl logs p -c vault --previous",
      fatal: true,
    },
    "an init container whose image cannot be pulled": {
      pod: pod({
        container: waitsForIt,
        ...added(true, { waiting: { reason: "ErrImagePull", message: "not found" } }),
      }),
      trouble: { pod: "p", container: "vault", reason: "ImagePullFailed", message: "not found" },
      text: "cannot pull the image of its container vault: not found",
      fatal: true,
    },
    "a sidecar that is not ready beside a processor that is": {
      pod: pod({ container: serves, ...added(false, { running: true }) }),
      trouble: { pod: "p", container: "vault", reason: "ProbesFailing", restarts: 0 },
      text: "has a container vault that is running but not ready: its readiness probe fails; see kubectl logs p -c vault",
    },
    "a sidecar that is OOM-killed while the model is being loaded": {
      pod: pod({
        container: loads,
        ...added(false, { running: true, restarts: 1, ended: ended({ reason: "OOMKilled" }) }),
      }),
      trouble: { pod: "p", container: "vault", reason: "OutOfMemory", restarts: 1 },
      text: "has a container vault that was OOM-killed at its memory limit (1 restart); raise that limit",
      fatal: true,
    },
    "a sidecar that cannot be created": {
      pod: pod({
        container: loads,
        ...added(false, { waiting: { reason: "CreateContainerConfigError", message: 'secret "x" not found' } }),
      }),
      trouble: {
        pod: "p",
        container: "vault",
        reason: "ContainerNotCreated",
        waiting: "CreateContainerConfigError",
        message: 'secret "x" not found',
        node: "n",
      },
      text: 'cannot create its container vault (CreateContainerConfigError): secret "x" not found',
      fatal: true,
    },
    "a processor that crashes beside a sidecar that is not ready": {
      pod: pod({
        container: sampleContainer({ ended: ended({ message: "no model" }) }),
        ...added(false, { running: true }),
      }),
      trouble: { pod: "p", reason: "CrashLoop", exitCode: 1, signal: 0, restarts: 0, message: "no model" },
      text: "exited with code 1 (0 restarts): no model",
      fatal: true,
    },
  } satisfies typeof cases);
  for (const [title, { pod: one, trouble, text, fatal = false }] of Object.entries(cases)) {
    it(`reports ${title}`, () => {
      assert.deepEqual(podTroubles([one], 2), { first: trouble, others: 0 });
      assert.deepEqual([podTroubleText(trouble), isFatal(trouble)], [text, fatal]);
    });
  }

  it("reports none for pods that are ready or terminating", () => {
    assert.equal(podTroubles([pod({ ready: true }), pod({ terminating: true })], 2), undefined);
  });

  const lostPod = (name: string, second: number): PodView => {
    const failed = { reason: "UnexpectedAdmissionError", message: lostGpu, at: `2026-01-01T00:00:0${second}Z` };
    return pod({ name, phase: "Failed", failed });
  };
  const rejected = {
    pod: "b",
    reason: "FailedOnNode",
    node: "n",
    failure: "UnexpectedAdmissionError",
    message: lostGpu,
  } as const;
  /** A replica that a kubelet admitted, created in the given second. */
  const admitted = (second: number): PodView => {
    const container = sampleContainer({ running: true, ready: true });
    return pod({ ready: true, createdAt: `2026-01-01T00:00:0${second}Z`, container });
  };

  it("reports the earliest of the failed pods, so that the name stays, and their number", () => {
    const unscheduled = pod({ name: "d", node: undefined, createdAt: "2026-01-01T00:00:04Z" });
    const pods = [lostPod("a", 3), lostPod("b", 1), lostPod("c", 2), unscheduled, admitted(0)];
    assert.deepEqual(podTroubles(pods, 2), { first: rejected, others: 2 });
  });

  it("does not report failed pods that have been replaced", () => {
    assert.equal(podTroubles([lostPod("b", 1), admitted(1)], 1), undefined);
    // A scale-out waits for a node.
    const unscheduled = pod({ node: undefined });
    const starting = { pod: "p", reason: "Starting", step: "Scheduling" } as const;
    assert.deepEqual(podTroubles([lostPod("b", 1), admitted(2), unscheduled], 2), { first: starting, others: 0 });
  });

  it("does not report failed pods of an earlier template", () => {
    assert.equal(podTroubles([lostPod("b", 1), { ...admitted(1), templateHash: "new" }], 2), undefined);
  });

  it("does not report pods of a node that was removed", () => {
    assert.equal(podTroubles([pod({ phase: "Failed" })], 2), undefined);
  });

  it("reports the most specific reason, and how many more pods have it", () => {
    const crash = withContainer({
      restarts: 3,
      ended: ended({}),
      waiting: { reason: "CrashLoopBackOff", message: "" },
    });
    const pods = [pod({ node: undefined }), crash, crash, withContainer({ running: true })];
    assert.deepEqual(podTroubles(pods, 2), {
      first: { pod: "p", reason: "CrashLoop", exitCode: 1, signal: 0, restarts: 3, message: "" },
      others: 1,
    });
  });
});
