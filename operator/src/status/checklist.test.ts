import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { NodeDevices } from "../plan/gpus.ts";
import { checklist, type ChecklistItem, type Seen } from "./checklist.ts";
import { isFalse, isTrue, unknown } from "./condition.ts";

type Verdicts = Parameters<typeof checklist>[1];

const working: Verdicts = {
  ScalingReady: isTrue("Scaling", "between 2 and 10 replicas"),
  MetricsReporting: isTrue("Reporting", "2 of 2 pods report"),
  SloMet: isTrue("Met", "p95 14 ms, target 20 ms"),
  GpuCapacity: isTrue("Sufficient", "2 of 8 GPUs free"),
};

function node(labels: Readonly<Record<string, string>>): NodeDevices {
  const allocatable = { "nvidia.com/gpu": 4 };
  return {
    node: { name: "gpu", labels, taints: [], cordoned: false, ready: true, allocatable },
    allocatable: 4,
    free: 2,
    holders: {},
  };
}

/** As GPU feature discovery labels nodes. */
const labels = (driver: string, cuda: string): Readonly<Record<string, string>> => ({
  "nvidia.com/cuda.driver-version.major": driver,
  "nvidia.com/cuda.driver-version.minor": "65",
  "nvidia.com/cuda.driver-version.revision": "06",
  "nvidia.com/cuda.runtime-version.major": cuda,
  "nvidia.com/cuda.runtime-version.minor": "0",
});

/** The part of a child that the checklist reads. */
const child = (part: Partial<Pick<ChildView, "spec" | "status">>): ChildView =>
  ({ spec: {}, status: {}, ...part }) as ChildView;

function seen({ spec, nodes = [node(labels("580", "13"))], ...change }: Partial<Seen> & Wanted): Seen {
  const service = sampleService(spec);
  return {
    service,
    rollout: undefined,
    failure: undefined,
    skipped: new Set(),
    dcgmTaken: false,
    lastLoadTest: undefined,
    deployment: child({ spec: { replicas: 2 } }),
    autoscaler: undefined,
    verticalAutoscaler: child({}),
    pods: [],
    gpus: {
      resource: service.gpu.resourceName,
      perReplica: service.gpu.count,
      synced: true,
      devices: nodes,
      nodeSelector: {},
      tolerations: [],
    },
    reading: { warmingUp: false, mayMove: true, asked: 2, silent: [], pending: 0, figures: undefined },
    bottleneck: "None",
    ...change,
  };
}

interface Wanted {
  readonly spec?: GpuMediaServiceSpec;
  readonly nodes?: readonly NodeDevices[];
}

describe("the guide's checklists", () => {
  it("are answered item by item, in the guide's order", () => {
    const answers = checklist(seen({}), working).map(({ list, item, state, reason }) => [list, item, state, reason]);
    assert.deepEqual(answers, [
      ["PreDeployment", "GPU drivers optimized", "Done", "OneVersion"],
      ["PreDeployment", "CUDA toolkit updated", "Done", "Supported"],
      ["PreDeployment", "Memory limits configured", "Done", "LimitSet"],
      ["PreDeployment", "Network policies optimized", "Done", "PolicyInPlace"],
      ["PreDeployment", "Load testing completed", "Unknown", "NoLoadTest"],
      ["Runtime", "HPA/VPA configured", "Done", "Working"],
      ["Runtime", "Resource utilization monitored", "Done", "Reporting"],
      ["Runtime", "Performance alerts active", "Done", "RulesInstalled"],
      ["Runtime", "Bottlenecks identified", "Done", "None"],
      ["Runtime", "Scaling validated", "Unknown", "NotSeenYet"],
      ["ContinuousImprovement", "Performance metrics tracked", "Done", "DashboardInstalled"],
      ["ContinuousImprovement", "Optimization opportunities identified", "Unknown", "NoRecommendation"],
      ["ContinuousImprovement", "Regular performance reviews", "Manual", "ForPeople"],
      ["ContinuousImprovement", "Capacity planning updated", "Manual", "ForPeople"],
      ["ContinuousImprovement", "Team performance training", "Manual", "ForPeople"],
    ]);
  });

  const cases: {
    readonly item: string;
    readonly when: string;
    readonly seen: Seen;
    readonly verdicts?: Partial<Verdicts>;
    readonly state: ChecklistItem["state"];
    readonly reason: string;
  }[] = [
    {
      item: "GPU drivers optimized",
      when: "nodes have different drivers",
      seen: seen({ nodes: [node(labels("580", "13")), node(labels("550", "13"))] }),
      state: "NotDone",
      reason: "VersionsDiffer",
    },
    {
      item: "GPU drivers optimized",
      when: "nodes have no labels",
      seen: seen({ nodes: [node({})] }),
      state: "Unknown",
      reason: "NoNodeLabels",
    },
    {
      item: "GPU drivers optimized",
      when: "there is no GPU to drive",
      seen: seen({ spec: { gpu: { count: 0 } } }),
      state: "Done",
      reason: "NotNeeded",
    },
    {
      item: "CUDA toolkit updated",
      when: "a node's driver is too old for the processor's CUDA",
      seen: seen({ nodes: [node(labels("580", "13")), node(labels("535", "12"))] }),
      state: "NotDone",
      reason: "TooOld",
    },
    {
      item: "CUDA toolkit updated",
      when: "nodes have no labels",
      seen: seen({ nodes: [node({})] }),
      state: "Unknown",
      reason: "NoNodeLabels",
    },
    {
      item: "Memory limits configured",
      when: "there is none",
      seen: seen({ spec: { resources: { limits: { memory: "0" } } } }),
      state: "NotDone",
      reason: "NoLimit",
    },
    {
      item: "Network policies optimized",
      when: "it is off",
      seen: seen({ spec: { network: { networkPolicy: { enabled: false } } } }),
      state: "NotDone",
      reason: "SwitchedOff",
    },
    {
      item: "HPA/VPA configured",
      when: "the autoscaler cannot read its metrics",
      seen: seen({}),
      verdicts: { ScalingReady: isFalse("MetricsMissing", "no metrics") },
      state: "NotDone",
      reason: "MetricsMissing",
    },
    {
      item: "HPA/VPA configured",
      when: "the cluster has no VPA",
      seen: seen({ verticalAutoscaler: undefined, skipped: new Set(["verticalPodAutoscaler"]) }),
      state: "NotDone",
      reason: "VpaMissing",
    },
    {
      item: "Resource utilization monitored",
      when: "the cluster has no PodMonitor",
      seen: seen({ skipped: new Set(["podMonitor"]) }),
      state: "NotDone",
      reason: "ApiMissing",
    },
    {
      item: "Resource utilization monitored",
      when: "the list of the exporters is somebody else's",
      seen: seen({ dcgmTaken: true }),
      state: "NotDone",
      reason: "NameTaken",
    },
    {
      item: "Resource utilization monitored",
      when: "nobody has reported yet",
      seen: seen({}),
      verdicts: { MetricsReporting: unknown("NotReportedYet", "no pod has reported yet") },
      state: "Unknown",
      reason: "NotReportedYet",
    },
    {
      item: "Performance alerts active",
      when: "they are off",
      seen: seen({ spec: { monitoring: { alerts: false } } }),
      state: "NotDone",
      reason: "SwitchedOff",
    },
    {
      item: "Performance alerts active",
      when: "the cluster has no PrometheusRule",
      seen: seen({ skipped: new Set(["prometheusRule"]) }),
      state: "NotDone",
      reason: "ApiMissing",
    },
    {
      item: "Bottlenecks identified",
      when: "it is the GPU",
      seen: seen({ bottleneck: "Gpu" }),
      state: "Done",
      reason: "Gpu",
    },
    {
      item: "Scaling validated",
      when: "there are more replicas than the fewest",
      seen: seen({ deployment: child({ spec: { replicas: 3 } }) }),
      state: "Done",
      reason: "ScaledOut",
    },
    {
      item: "Performance metrics tracked",
      when: "nothing scrapes what the dashboard shows",
      seen: seen({ spec: { monitoring: { podMonitor: false } } }),
      state: "NotDone",
      reason: "NotScraped",
    },
    {
      item: "Optimization opportunities identified",
      when: "the VPA recommends something",
      seen: seen({
        verticalAutoscaler: child({
          status: {
            recommendation: { containerRecommendations: [{ containerName: "gpu-media", target: { memory: "3Gi" } }] },
          },
        }),
      }),
      state: "Done",
      reason: "Recommended",
    },
  ];
  for (const { item, when, seen: observed, verdicts = {}, state, reason } of cases) {
    it(`${item}: ${state}, ${reason}, when ${when}`, () => {
      const answer = checklist(observed, { ...working, ...verdicts }).find((candidate) => candidate.item === item);
      assert.deepEqual([answer?.state, answer?.reason], [state, reason]);
      // What is not done says what to do.
      assert.ok(state === "Done" || (answer?.message ?? "") !== "");
    });
  }
});
