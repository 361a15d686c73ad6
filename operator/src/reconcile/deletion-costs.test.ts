import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import type { KubeObject } from "../kube/object.ts";
import { deletionCostAnnotation } from "../observe/names.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { createLogger } from "../runtime/log.ts";
import { sampleChild } from "../status/status-input.sample.ts";
import type { GpuSharing } from "../utilization/gpu-sharing.ts";
import { healthy } from "../utilization/aggregate.sample.ts";
import { dueDeletionCosts, writeDeletionCosts, type DeletionCostInput } from "./deletion-costs.ts";
import { ServiceMemory } from "./memory.ts";
import { apiError, failing, fakePass } from "./pass.fake.ts";

const now = 1_000_000;
const intervalMs = 15_000;
/** Four reports. */
const settledMs = 60_000;

/** Without a deletion cost. */
const busy = samplePod({ ip: "10.0.0.1", ready: true });
const set: PodView = { ...busy, deletionCost: { value: "2", ours: true } };
const costSet = [{ name: "p", uid: "u", cost: "2" }];
const costRemoved = [{ name: "p", uid: "u", cost: undefined }];

describe("the deletion costs that are due", () => {
  const autoscaler = (reason: string): DeletionCostInput["snapshot"]["children"] => ({
    horizontalPodAutoscaler: sampleChild({ status: { conditions: [{ type: "AbleToScale", status: "True", reason }] } }),
  });
  const cases: Readonly<
    Record<
      string,
      {
        readonly spec?: GpuMediaServiceSpec;
        /** Of the GPUs; the target is 70. Default: 70. */
        readonly gpuPercent?: number;
        readonly workersBusyPercent?: number;
        readonly gpuSharing?: GpuSharing;
        readonly children?: DeletionCostInput["snapshot"]["children"];
        readonly kedaAutoscaler?: DeletionCostInput["snapshot"]["kedaAutoscaler"];
        readonly pod?: PodView;
        readonly sessions?: number;
        readonly record?: Partial<ServiceMemory>;
        readonly due: ReturnType<typeof dueDeletionCosts>;
      }
    >
  > = {
    "none while no scale-in is near": { due: [] },
    "that of a pod with sessions while the GPUs idle": { gpuPercent: 10, due: costSet },
    "that of a pod with sessions while its workers idle, on a GPU that a neighbour keeps busy": {
      gpuPercent: 100,
      workersBusyPercent: 10,
      gpuSharing: "TimeSlicing",
      due: costSet,
    },
    "none while the workers are busy on a GPU that is shared": { gpuPercent: 10, gpuSharing: "MIG", due: [] },
    "none while the autoscaler may scale in, and has no reason to": {
      children: autoscaler("ReadyForNewScale"),
      due: [],
    },
    "that of a pod with sessions while the autoscaler waits to scale in": {
      children: autoscaler("ScaleDownStabilized"),
      due: costSet,
    },
    "that of a pod with sessions while KEDA's autoscaler waits to scale in": {
      kedaAutoscaler: autoscaler("ScaleDownStabilized").horizontalPodAutoscaler,
      due: costSet,
    },
    "that of a pod with sessions before the operator sets fewer replicas": {
      spec: { replicas: 3, autoscaling: { horizontal: { enabled: false } } },
      due: costSet,
    },
    "none of a suspended service": { spec: { suspend: true }, gpuPercent: 10, due: [] },
    "none of a pod without sessions": { gpuPercent: 10, sessions: 0, due: [] },
    "none of a pod that is not ready": { gpuPercent: 10, pod: { ...busy, ready: false }, due: [] },
    "none of a pod whose cost is right": { gpuPercent: 10, pod: set, due: [] },
    "that of a pod with sessions for four reports after the last sign of a scale-in": {
      record: { scaleInNearAt: now - settledMs + 1 },
      due: costSet,
    },
    "the removal of a cost four reports after the last sign of a scale-in": {
      pod: set,
      record: { scaleInNearAt: now - settledMs },
      due: costRemoved,
    },
    "none for four reports after the pod's cost was written": {
      pod: set,
      record: { costWrittenAt: new Map([["u", now - settledMs + 1]]) },
      due: [],
    },
    "a change four reports after the pod's cost was written": {
      pod: set,
      record: { costWrittenAt: new Map([["u", now - settledMs]]) },
      due: costRemoved,
    },
  };
  for (const [title, { spec, gpuPercent = 70, gpuSharing, pod = busy, sessions = 4, due, ...one }] of Object.entries(
    cases,
  )) {
    it(`are ${title}`, () => {
      const { children, kedaAutoscaler, record, workersBusyPercent = 70 } = one;
      const figures = { ...healthy, gpuPercent, workersBusyPercent };
      const snapshot = {
        children: { deployment: sampleChild({ spec: { replicas: 4 } }), ...children },
        kedaAutoscaler,
        pods: [pod],
        reports: {
          polled: 1,
          silent: [],
          pending: 0,
          lost: [],
          figures,
          latest: figures,
          gpuSharing,
          sharedGpus: [],
          loads: [],
        },
        sessions: new Map([["u", sessions]]),
      };
      const memory = Object.assign(new ServiceMemory("u-1"), record);
      const input = { service: sampleService(spec), snapshot, record: memory, now, intervalMs };
      assert.deepEqual(dueDeletionCosts(input), due);
    });
  }
});

describe("a deletion cost", () => {
  const write = async (changes: ReturnType<typeof dueDeletionCosts>, answer?: () => KubeObject | undefined) => {
    const pass = fakePass({ allowed: /^apply Pod p$/, ...(answer && { answers: { "apply Pod p": answer } }) });
    const record = Object.assign(new ServiceMemory("u-1"), { costWrittenAt: new Map([["other", 0]]) });
    await pass.clock.advance(settledMs);
    const annotations: unknown[] = [];
    const snapshots = { written: (_type: unknown, { metadata }: KubeObject) => annotations.push(metadata.annotations) };
    const warnings: string[] = [];
    const log = createLogger({ level: "warn", destination: { write: (line) => warnings.push(line) } });
    await writeDeletionCosts(changes, { namespace: "media" }, record, { ...pass, snapshots }, log);
    return { annotations, warnings: warnings.length, written: [...record.costWrittenAt] };
  };
  const written = [["u", settledMs]];

  it("is an annotation that the next snapshot has, and is removed by an apply without it", async () => {
    const annotations = [{ [deletionCostAnnotation]: "2" }];
    assert.deepEqual(await write(costSet), { annotations, warnings: 0, written });
    assert.deepEqual(await write(costRemoved), { annotations: [undefined], warnings: 0, written });
  });

  const failures: Readonly<Record<string, readonly [error: Error, warnings: number]>> = {
    "leaves a cost that another field manager has set meanwhile": [apiError(409, "Conflict"), 0],
    "ignores a pod that was deleted": [apiError(404, "NotFound"), 0],
    "warns, and does not stop the reconcile, when the API server rejects it": [apiError(403, "Forbidden"), 1],
  };
  for (const [title, [error, warnings]] of Object.entries(failures)) {
    it(title, async () => {
      assert.deepEqual(await write(costSet, failing(error)), { annotations: [], warnings, written });
    });
  }

  it("does not hide a bug", async () => {
    await assert.rejects(write(costSet, failing(new TypeError("a bug"))), /a bug/);
  });
});
