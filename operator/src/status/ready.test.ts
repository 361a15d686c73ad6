import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { ApiError } from "../kube/errors.ts";
import type { ChildStatus, ChildView } from "../observe/child-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { Failure } from "../plan/failure.ts";
import { isFalse, isTrue, type Verdict } from "./condition.ts";
import type { StatusInput } from "./status-input.ts";
import { readiness, stalled, type Readiness, type ReadyReason } from "./ready.ts";

/** A Deployment of two replicas, both of which serve. */
const serving: ChildStatus = {
  observedGeneration: 3,
  replicas: 2,
  updatedReplicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
};
const noneServes: ChildStatus = { observedGeneration: 3, replicas: 2, updatedReplicas: 2 };
const deadlineExceeded = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" };

/** Why two pods do not serve: fatal, and not. */
const crashes = pod({
  container: {
    restarts: 3,
    waiting: undefined,
    running: false,
    started: true,
    ready: false,
    ended: { exitCode: 1, reason: "Error", message: "", signal: 0 },
  },
});
const unplaced = pod({ node: undefined, unschedulable: "1 Insufficient cpu" });
const crashWords = "p ends with exit code 1 (3 restarts); see kubectl logs --previous";

/** Settled: neither Reconciling nor Stalled. */
const settled = (ready: Verdict<ReadyReason>): Readiness => ({ ready, reconciling: undefined, stalled: undefined });
/** Not ready, and on the way. */
const underWay = (reason: ReadyReason, message: string): Readiness => ({
  ready: isFalse(reason, message),
  reconciling: isTrue(reason, message),
  stalled: undefined,
});

const waitingForRemoval: Failure = {
  kind: "Waiting",
  reason: "AwaitingRemoval",
  afterMs: 1_000,
  message: "a predecessor is being removed",
};
const rejected: Failure = { kind: "Stalled", reason: "ChildRejected", message: "the API server rejects it" };

const apiRequest = { method: "POST", path: "/apis/apps/v1/namespaces/media/deployments" };

interface Case {
  readonly title: string;
  readonly spec?: GpuMediaServiceSpec;
  /** `null`: there is no Deployment. */
  readonly status: ChildStatus | null;
  /** Of the Deployment's spec; 2 if nothing else is said. */
  readonly replicas?: number;
  readonly pods?: readonly PodView[];
  readonly failure?: Failure;
  readonly readiness: Readiness;
}

const cases: readonly Case[] = [
  { title: "all serve", status: serving, readiness: settled(isTrue("Serving", "2 of 2 replicas serve")) },
  {
    title: "no Deployment",
    status: null,
    readiness: underWay("Progressing", "the Deployment is not there yet"),
  },
  {
    title: "counts that are those of an earlier generation",
    status: { ...serving, observedGeneration: 2 },
    readiness: underWay("Progressing", "the Deployment's last change is still to be noticed by its controller"),
  },
  {
    title: "a Deployment that nobody has looked at",
    status: {},
    readiness: underWay("Progressing", "the Deployment's last change is still to be noticed by its controller"),
  },
  {
    title: "scaled to zero",
    status: { observedGeneration: 3 },
    replicas: 0,
    readiness: settled(isTrue("ScaledToZero", "no replica is wanted")),
  },
  {
    title: "a scale-out, while the autoscaler's least serve",
    status: { ...serving, replicas: 5, updatedReplicas: 5 },
    replicas: 5,
    pods: [unplaced],
    readiness: settled(isTrue("Serving", "2 of 5 replicas serve, 3 more to come")),
  },
  {
    title: "fewer than wanted, where nothing scales",
    spec: { replicas: 5, autoscaling: { horizontal: { enabled: false } } },
    status: { ...serving, replicas: 5, updatedReplicas: 5 },
    replicas: 5,
    readiness: underWay("Progressing", "2 of 5 replicas serve"),
  },
  {
    title: "a rollout whose old pods serve",
    status: { ...serving, updatedReplicas: 1 },
    readiness: underWay("Progressing", "2 of 2 replicas serve, 1 of them updated"),
  },
  {
    title: "a rollout whose old pods are still there",
    status: { ...serving, replicas: 3, readyReplicas: 3, availableReplicas: 3 },
    readiness: underWay("Progressing", "3 of 2 replicas serve, 2 of them updated"),
  },
  {
    title: "pods that start",
    status: noneServes,
    pods: [pod({ node: undefined })],
    readiness: underWay("Progressing", "0 of 2 replicas serve; p waits for a node"),
  },
  {
    title: "pods that crash, for the Deployment's deadline has not passed",
    status: noneServes,
    pods: [crashes],
    readiness: underWay("CrashLoop", `0 of 2 replicas serve; ${crashWords}`),
  },
  {
    title: "pods that crash, and the deadline has passed",
    status: { ...noneServes, conditions: [deadlineExceeded] },
    pods: [crashes],
    readiness: stalled("CrashLoop", `0 of 2 replicas serve; ${crashWords}`),
  },
  {
    title: "pods that wait, however long: room may come",
    status: { ...noneServes, conditions: [deadlineExceeded] },
    pods: [unplaced],
    readiness: underWay("Unschedulable", "0 of 2 replicas serve; no node takes p: 1 Insufficient cpu"),
  },
  {
    title: "pods that may not be made",
    status: { ...noneServes, conditions: [replicaFailure("violates PodSecurity"), deadlineExceeded] },
    readiness: stalled("PodsForbidden", "0 of 2 replicas serve; no pod can be made: violates PodSecurity"),
  },
  {
    title: "pods for which there is no quota, however long",
    status: { ...noneServes, conditions: [replicaFailure("exceeded quota: gpus"), deadlineExceeded] },
    readiness: underWay("QuotaExceeded", "0 of 2 replicas serve; no pod can be made: exceeded quota: gpus"),
  },
  {
    title: "pods that could not be made once",
    status: { ...serving, conditions: [{ ...replicaFailure("forbidden"), status: "False" }] },
    readiness: settled(isTrue("Serving", "2 of 2 replicas serve")),
  },
  {
    title: "a child that is refused, though all serve",
    status: serving,
    failure: rejected,
    readiness: stalled("ChildRejected", "the API server rejects it"),
  },
  {
    title: "something to wait for, while all serve",
    status: serving,
    failure: waitingForRemoval,
    readiness: {
      ready: isTrue("Serving", "2 of 2 replicas serve"),
      reconciling: isTrue("AwaitingRemoval", "a predecessor is being removed"),
      stalled: undefined,
    },
  },
  {
    title: "something to wait for, and none serves",
    status: noneServes,
    failure: waitingForRemoval,
    readiness: underWay("AwaitingRemoval", "a predecessor is being removed"),
  },
  {
    title: "an API server in trouble",
    status: null,
    failure: {
      kind: "Transient",
      cause: new ApiError({ ...apiRequest, status: 500, reason: "InternalError", message: "etcd" }),
    },
    readiness: underWay("ApiServerError", "the API server did not do what it was asked, trying again: etcd"),
  },
  {
    title: "a lost race",
    status: null,
    failure: { kind: "Conflict" },
    readiness: underWay("Progressing", "a child was changed by somebody else at the same moment, trying again"),
  },
  {
    title: "suspended while all serve",
    spec: { suspend: true },
    status: serving,
    readiness: settled(isTrue("Suspended", "suspended: the children are left as they are; 2 of 2 replicas serve")),
  },
  {
    title: "suspended, and nothing is under way, whatever is wrong",
    spec: { suspend: true },
    status: { ...noneServes, conditions: [deadlineExceeded] },
    pods: [crashes],
    readiness: settled(
      isFalse("Suspended", `suspended: the children are left as they are; 0 of 2 replicas serve; ${crashWords}`),
    ),
  },
];

describe("Ready, Reconciling and Stalled", () => {
  for (const { title, readiness: expected, ...seen } of cases) {
    it(title, () => assert.deepEqual(readiness(statusInput(seen)), expected));
  }
});

function statusInput({ spec = {}, status, replicas = 2, pods = [], failure }: Omit<Case, "title" | "readiness">) {
  const service = sampleService(spec);
  const gpus: StatusInput["gpus"] = {
    resource: "nvidia.com/gpu",
    perReplica: 1,
    synced: true,
    devices: [],
    nodeSelector: {},
    tolerations: [],
  };
  const deployment = status === null ? undefined : ({ generation: 3, spec: { replicas }, status } as ChildView);
  return { service, deployment, pods, gpus, failure } as StatusInput;
}

function pod(change: Partial<PodView>): PodView {
  return { name: "p", node: "n", ready: false, terminating: false, devices: {}, ...change } as PodView;
}

function replicaFailure(message: string) {
  return { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message };
}
