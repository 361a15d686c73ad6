import assert from "node:assert/strict";
import type { Condition, GpuMediaService, GpuMediaServiceStatus } from "@gpumedia/api";
import type { ChildView } from "../observe/child-view.ts";
import { healthy } from "../utilization/aggregate.sample.ts";
import { checklist } from "./checklist.ts";
import { sampleChild, sampleReading, sampleStatusInput } from "./status-input.sample.ts";
import type { StatusInput } from "./status-input.ts";
import { serviceStatus, stalledStatus } from "./service-status.ts";

const now = "2026-02-01T00:00:00Z";
const earlier = "2026-01-01T00:00:00Z";

function stored(change: Partial<Pick<GpuMediaService, "spec" | "status">> = {}): GpuMediaService {
  const metadata = { name: "upscaler", namespace: "media", generation: 4 };
  return { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata, ...change };
}

function condition(type: string, status: Condition["status"], reason: string, message: string): Condition {
  return { type, status, reason, message, observedGeneration: 4, lastTransitionTime: now };
}

/** The checklist has its own test. */
function withoutChecklist({ guideChecklist: _checklist, ...rest }: GpuMediaServiceStatus): GpuMediaServiceStatus {
  return rest;
}

const serving = serviceStatus(stored(), sampleStatusInput(), now);

describe("the status of a service", () => {
  it("has every condition, the replicas, the endpoint and the capacity", () => {
    assert.deepEqual(withoutChecklist(serving), {
      observedGeneration: 4,
      conditions: [
        condition("Ready", "True", "Serving", "2 of 2 replicas are ready"),
        condition("Available", "True", "ReplicasServe", "2 of 2 replicas are ready"),
        condition(
          "Exposed",
          "True",
          "NotNeeded",
          "no Ingress or Gateway is set; clients in the cluster reach the Service",
        ),
        condition("GpuCapacity", "True", "Sufficient", "no replica waits for a GPU; 6 of 8 nvidia.com/gpu are free"),
        condition("ScalingReady", "Unknown", "NotStarted", "waiting for the autoscaler to evaluate the service"),
        condition("MetricsReporting", "Unknown", "NoPodServes", "no pod is ready, so no utilization is collected"),
        condition("SloMet", "Unknown", "NotReportedYet", "no pod reports its utilization"),
      ],
      summary: { profile: "production", replicas: "2/2", image: "ghcr.io/gpumedia/processor:1.0.0" },
      replicas: { desired: 2, ready: 2, updated: 2 },
      selector: "app.kubernetes.io/name=gpu-media,app.kubernetes.io/instance=upscaler",
      endpoint: "http://upscaler.media.svc",
      gpu: { allocation: "ExtendedResource", message: "nodes offer nvidia.com/gpu" },
      utilization: { observedTime: now, pods: 0, band: "Unknown" },
      bottleneck: "Unknown",
      capacity: { gpusRequested: 2, gpusAllocatable: 8, gpusFree: 6, source: "DevicePlugin" },
    });
  });

  it("has current figures when pods come: 8 % stood beside saturated pods", () => {
    const reading = (gpuPercent: number): StatusInput["reading"] => {
      const figures = { ...healthy, gpuPercent };
      return sampleReading({ mayMove: false, polled: 2, figures, latest: figures });
    };
    const before = serviceStatus(stored(), sampleStatusInput({ reading: reading(8) }), earlier);
    const shown = (deployment: ChildView | undefined): number | undefined =>
      serviceStatus(stored({ status: before }), sampleStatusInput({ reading: reading(70), deployment }), now)
        .utilization?.gpuPercent;
    const { deployment } = sampleStatusInput();
    const scaledOut = sampleChild({ ...deployment, status: { ...deployment?.status, replicas: 3, readyReplicas: 3 } });
    assert.deepEqual([shown(deployment), shown(scaledOut)], [8, 70]);
  });

  it("answers the guide's checklist from its own conditions", () => {
    const verdict = (type: string) => serving.conditions?.find((one) => one.type === type) ?? assert.fail(type);
    const verdicts = { ScalingReady: verdict("ScalingReady"), MetricsReporting: verdict("MetricsReporting") };
    assert.deepEqual(serving.guideChecklist, checklist({ ...sampleStatusInput(), ...verdicts, bottleneck: "Unknown" }));
  });

  const surge = { strategy: "Surge", message: "GPUs for 1 more replica were free", templateHash: "a" } as const;
  const inPlace = { strategy: "InPlace", message: "set by rollout.strategy", templateHash: "a" } as const;
  /** What one more fact adds to the status. */
  const additions: {
    readonly [title: string]: {
      readonly seen: Partial<StatusInput>;
      readonly before?: GpuMediaServiceStatus;
      readonly adds: GpuMediaServiceStatus;
    };
  } = {
    "the recommendation of the vertical autoscaler": {
      seen: {
        verticalAutoscaler: sampleChild({
          status: {
            recommendation: {
              containerRecommendations: [
                { containerName: "a-sidecar", target: { cpu: "7" } },
                { containerName: "gpu-media", target: { cpu: "2" } },
              ],
            },
          },
        }),
      },
      adds: { recommendation: { requests: { cpu: "2" } } },
    },
    "no recommendation before the first": { seen: { verticalAutoscaler: sampleChild({}) }, adds: {} },
    "how pods are replaced": { seen: { rollout: surge }, adds: { rollout: surge } },
    "the last decision on how pods are replaced, until the next": {
      seen: {},
      before: { rollout: inPlace },
      adds: { rollout: inPlace },
    },
  };
  for (const [title, { seen, before = {}, adds }] of Object.entries(additions)) {
    it(`has ${title}`, () => {
      const status = serviceStatus(stored({ status: before }), sampleStatusInput(seen), now);
      const { guideChecklist: _own, ...rest } = status;
      assert.deepEqual(rest, { ...withoutChecklist(serving), ...adds });
    });
  }

  it("keeps a lost GPU until a new leader has the reports of the pods", () => {
    const before = [{ ...condition("Ready", "True", "Degraded", "a GPU is lost"), lastTransitionTime: earlier }];
    const readyOf = (warmingUp: boolean) =>
      serviceStatus(
        stored({ status: { conditions: before } }),
        sampleStatusInput({ reading: sampleReading({ warmingUp }) }),
        now,
      ).conditions?.find(({ type }) => type === "Ready");
    assert.deepEqual([readyOf(true)?.message, readyOf(false)?.reason], ["a GPU is lost", "Serving"]);
  });

  it("keeps the transition time of unchanged conditions, and has Reconciling only while it is true", () => {
    const before: Condition[] = [
      { ...condition("Ready", "True", "Serving", ""), lastTransitionTime: earlier },
      { ...condition("Reconciling", "True", "Progressing", ""), lastTransitionTime: earlier },
      { ...condition("Available", "False", "NoReplicaServes", ""), lastTransitionTime: earlier },
    ];
    const { conditions = [] } = serviceStatus(stored({ status: { conditions: before } }), sampleStatusInput(), now);
    assert.deepEqual(
      conditions.slice(0, 2).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
      [
        ["Ready", earlier],
        ["Available", now],
      ],
    );
  });

  it("is the same when computed again from the same input", () => {
    const later = serviceStatus(stored({ status: serving }), sampleStatusInput(), "2026-03-01T00:00:00Z");
    assert.deepEqual(later, serving);
  });
});

describe("the status of a service with an invalid spec", () => {
  const failure = { reason: "InvalidSpec", message: "gpu: must be an object" } as const;
  const [ready, stalled] = ["Ready", "Stalled"].map((type) =>
    condition(type, type === "Ready" ? "False" : "True", failure.reason, failure.message),
  );
  const available = { ...condition("Available", "True", "ReplicasServe", "2 of 2"), observedGeneration: 3 };
  const cases: {
    readonly [title: string]: {
      readonly service: Partial<Pick<GpuMediaService, "spec" | "status">>;
      readonly status: GpuMediaServiceStatus;
    };
  } = {
    "has only Ready and Stalled without an earlier status": {
      service: { spec: { profile: "staging" } },
      status: {
        observedGeneration: 4,
        conditions: [ready, stalled] as Condition[],
        summary: { profile: "staging" },
      },
    },
    "keeps the earlier status except for Reconciling": {
      service: {
        status: {
          observedGeneration: 3,
          conditions: [
            { ...condition("Ready", "True", "Serving", "2 of 2"), observedGeneration: 3, lastTransitionTime: earlier },
            condition("Reconciling", "True", "Progressing", ""),
            available,
          ],
          summary: { profile: "staging", replicas: "2/2" },
          replicas: { desired: 2, ready: 2, updated: 2 },
        },
      },
      status: {
        observedGeneration: 4,
        conditions: [ready, stalled, available] as Condition[],
        summary: { profile: "production", replicas: "2/2" },
        replicas: { desired: 2, ready: 2, updated: 2 },
      },
    },
  };
  for (const [title, { service, status }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(stalledStatus(stored(service), failure, now), status));
  }
});
