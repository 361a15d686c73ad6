import assert from "node:assert/strict";
import type { ContainerView, PodView } from "../observe/pod-view.ts";
import type { GpuView } from "../plan/gpus.ts";
import { podTrouble, type PodTrouble } from "./pod-trouble.ts";

const gpus: GpuView = {
  resource: "nvidia.com/gpu",
  perReplica: 1,
  synced: true,
  devices: [],
  nodeSelector: {},
  tolerations: [],
};

const container: ContainerView = {
  restarts: 0,
  waiting: undefined,
  running: false,
  started: true,
  ready: false,
  ended: undefined,
};

function pod(change: Partial<PodView>): PodView {
  const devices = { "nvidia.com/gpu": 1 };
  return { name: "p", node: "n", ready: false, terminating: false, devices, ...change } as PodView;
}

function withContainer(change: Partial<ContainerView>): PodView {
  return pod({ container: { ...container, ...change } });
}

function ended(change: Partial<NonNullable<ContainerView["ended"]>>): NonNullable<ContainerView["ended"]> {
  return { exitCode: 1, reason: "Error", message: "", signal: 0, ...change };
}

function waits(reason: string, message = ""): PodView {
  return withContainer({ waiting: { reason, message } });
}

describe("why pods do not serve", () => {
  const starting: PodTrouble = { reason: "Starting", message: "p waits for a node", fatal: false };
  const crashes = withContainer({
    restarts: 3,
    ended: ended({}),
    waiting: { reason: "CrashLoopBackOff", message: "" },
  });
  const cases: {
    readonly title: string;
    readonly pods: readonly PodView[];
    readonly trouble: PodTrouble | undefined;
  }[] = [
    { title: "they do", pods: [pod({ ready: true }), pod({ terminating: true })], trouble: undefined },
    { title: "no node yet", pods: [pod({ node: undefined })], trouble: starting },
    {
      title: "no GPU",
      pods: [pod({ node: undefined, unschedulable: "1 Insufficient nvidia.com/gpu" })],
      trouble: {
        reason: "WaitingForGpu",
        message:
          "p waits: no node offers nvidia.com/gpu: is the device plugin running, and does gpu.resourceName say what it advertises?",
        fatal: false,
      },
    },
    {
      title: "no CPU",
      pods: [pod({ node: undefined, unschedulable: "1 Insufficient cpu" })],
      trouble: { reason: "Unschedulable", message: "no node takes p: 1 Insufficient cpu", fatal: false },
    },
    {
      title: "being made",
      pods: [pod({})],
      trouble: { reason: "Starting", message: "p is being made on n", fatal: false },
    },
    {
      title: "no image",
      pods: [waits("ImagePullBackOff", "not found")],
      trouble: { reason: "ImagePullFailed", message: "p cannot pull its image: not found", fatal: true },
    },
    {
      title: "no image, and no words",
      pods: [waits("InvalidImageName")],
      trouble: { reason: "ImagePullFailed", message: "p cannot pull its image: InvalidImageName", fatal: true },
    },
    {
      title: "no container",
      pods: [waits("CreateContainerConfigError", 'secret "x" not found')],
      trouble: {
        reason: "ContainerNotCreated",
        message: 'p cannot be made (CreateContainerConfigError): secret "x" not found',
        fatal: true,
      },
    },
    {
      title: "too little memory, also while it runs again",
      pods: [withContainer({ running: true, restarts: 1, ended: ended({ reason: "OOMKilled" }) })],
      trouble: {
        reason: "OutOfMemory",
        message:
          "p was ended for using more memory than its limit (1 restart): raise resources.limits.memory, or lower processing.batch.maxSize",
        fatal: true,
      },
    },
    {
      title: "it ends, with the processor's own words",
      pods: [withContainer({ restarts: 2, ended: ended({ message: "no model\n" }) })],
      trouble: { reason: "CrashLoop", message: "p ends with exit code 1 (2 restarts): no model", fatal: true },
    },
    {
      title: "it is ended by a signal",
      pods: [withContainer({ ended: ended({ signal: 11 }) })],
      trouble: {
        reason: "CrashLoop",
        message: "p ends with signal 11 (0 restarts); see kubectl logs --previous",
        fatal: true,
      },
    },
    {
      title: "it loads its model",
      pods: [withContainer({ running: true, started: false })],
      trouble: { reason: "Starting", message: "p loads its model", fatal: false },
    },
    {
      title: "it was killed for having loaded its model for too long, and tries again",
      pods: [withContainer({ running: true, started: false, restarts: 1 })],
      trouble: {
        reason: "ProbesFailing",
        message: "p runs and is not ready after 1 restart: its probes fail",
        fatal: false,
      },
    },
    {
      title: "it is not ready though it has started",
      pods: [withContainer({ running: true })],
      trouble: { reason: "ProbesFailing", message: "p runs and is not ready: its readiness probe fails", fatal: false },
    },
    {
      title: "it is not ready any more",
      pods: [withContainer({ running: true, restarts: 4 })],
      trouble: {
        reason: "ProbesFailing",
        message: "p runs and is not ready after 4 restarts: its probes fail",
        fatal: false,
      },
    },
    {
      title: "its node is silent, though it was once killed for its memory",
      pods: [withContainer({ running: true, ready: true, restarts: 1, ended: ended({ reason: "OOMKilled" }) })],
      trouble: {
        reason: "NodeNotReady",
        message:
          "p was ready, and n does not report any more (kubectl describe node n), or a readiness gate of the pod is not met",
        fatal: false,
      },
    },
    {
      title: "several troubles: the most telling, and how many have it",
      pods: [pod({ node: undefined }), crashes, crashes, withContainer({ running: true })],
      trouble: {
        reason: "CrashLoop",
        message: "p ends with exit code 1 (3 restarts); see kubectl logs --previous (and 1 more)",
        fatal: true,
      },
    },
  ];
  for (const { title, pods, trouble } of cases) it(title, () => assert.deepEqual(podTrouble(pods, gpus), trouble));
});
