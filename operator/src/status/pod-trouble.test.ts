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

function waits(reason: string, message = ""): PodView {
  return withContainer({ waiting: { reason, message } });
}

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
      },
      text: 'cannot create its container (CreateContainerConfigError): secret "x" not found',
      fatal: true,
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
  for (const [title, { pod: one, trouble, text, fatal = false }] of Object.entries(cases)) {
    it(`reports ${title}`, () => {
      assert.deepEqual(podTroubles([one]), { first: trouble, others: 0 });
      assert.deepEqual([podTroubleText(trouble), isFatal(trouble)], [text, fatal]);
    });
  }

  it("reports none for pods that are ready or terminating", () => {
    assert.equal(podTroubles([pod({ ready: true }), pod({ terminating: true })]), undefined);
  });

  it("reports the most specific reason, and how many more pods have it", () => {
    const crash = withContainer({
      restarts: 3,
      ended: ended({}),
      waiting: { reason: "CrashLoopBackOff", message: "" },
    });
    const pods = [pod({ node: undefined }), crash, crash, withContainer({ running: true })];
    assert.deepEqual(podTroubles(pods), {
      first: { pod: "p", reason: "CrashLoop", exitCode: 1, signal: 0, restarts: 3, message: "" },
      others: 1,
    });
  });
});
