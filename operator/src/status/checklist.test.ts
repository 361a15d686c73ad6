import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { sampleDevices, sampleGpus } from "../plan/gpus.sample.ts";
import type { NodeDevices } from "../plan/gpus.ts";
import { checklist, completeChecklist, type ChecklistInput, type ChecklistItem } from "./checklist.ts";
import { isFalse, isTrue, unknown } from "./condition.ts";
import { sampleChild, sampleStatusInput } from "./status-input.sample.ts";

const node = (labels: Readonly<Record<string, string>>): NodeDevices => sampleDevices(4, 2, { labels });

/** As GPU feature discovery labels nodes. */
const labels = (driver: string, cuda: string): Readonly<Record<string, string>> => ({
  "nvidia.com/cuda.driver-version.major": driver,
  "nvidia.com/cuda.driver-version.minor": "65",
  "nvidia.com/cuda.driver-version.revision": "06",
  "nvidia.com/cuda.runtime-version.major": cuda,
  "nvidia.com/cuda.runtime-version.minor": "0",
});

const recommended = sampleChild({
  status: { recommendation: { containerRecommendations: [{ containerName: "gpu-media", target: { memory: "3Gi" } }] } },
});

/** A service for which nothing is to be done, except for the change. */
function input({ spec, nodes = [node(labels("580", "13"))], ...change }: Change): ChecklistInput {
  const service = sampleService(spec);
  const gpus = sampleGpus(nodes, { perReplica: service.gpu.count });
  return {
    ...sampleStatusInput({ service, gpus, verticalAutoscaler: recommended }),
    bottleneck: "None",
    ScalingReady: isTrue("Scaling", "scales between 2 and 10 replicas"),
    MetricsReporting: isTrue("PodsReport", "all ready pods report their utilization"),
    ...change,
  };
}

interface Change extends Partial<ChecklistInput> {
  readonly spec?: GpuMediaServiceSpec;
  readonly nodes?: readonly NodeDevices[];
}

describe("the guide's checklists", () => {
  it("list what is to be done, and what was answered by evidence", () => {
    assert.deepEqual(checklist(input({})), [
      {
        list: "PreDeployment",
        item: "GPU drivers optimized",
        state: "Done",
        reason: "OneVersion",
        message: "all nodes have driver 580.65.06",
      },
      {
        list: "PreDeployment",
        item: "CUDA toolkit updated",
        state: "Done",
        reason: "Supported",
        message: "the drivers support CUDA 13.0",
      },
      {
        list: "PreDeployment",
        item: "Load testing completed",
        state: "Unknown",
        reason: "NoLoadTest",
        message: "create a GpuMediaLoadTest for this service",
      },
      {
        list: "Runtime",
        item: "Scaling validated",
        state: "Unknown",
        reason: "NotSeenYet",
        message: "the replicas have not exceeded minReplicas 2 yet; run a load test",
      },
    ]);
  });

  it("are complete, in the guide's order", () => {
    const rows = completeChecklist(checklist(input({})));
    assert.deepEqual(
      rows.map(({ list, item, state, reason }) => [list, item, state, reason]),
      [
        ["PreDeployment", "GPU drivers optimized", "Done", "OneVersion"],
        ["PreDeployment", "CUDA toolkit updated", "Done", "Supported"],
        ["PreDeployment", "Memory limits configured", "Done", "NothingToDo"],
        ["PreDeployment", "Network policies optimized", "Done", "NothingToDo"],
        ["PreDeployment", "Load testing completed", "Unknown", "NoLoadTest"],
        ["Runtime", "HPA/VPA configured", "Done", "NothingToDo"],
        ["Runtime", "Resource utilization monitored", "Done", "NothingToDo"],
        ["Runtime", "Performance alerts active", "Done", "NothingToDo"],
        ["Runtime", "Bottlenecks identified", "Done", "NothingToDo"],
        ["Runtime", "Scaling validated", "Unknown", "NotSeenYet"],
        ["ContinuousImprovement", "Performance metrics tracked", "Done", "NothingToDo"],
        ["ContinuousImprovement", "Optimization opportunities identified", "Done", "NothingToDo"],
        ["ContinuousImprovement", "Regular performance reviews", "Manual", "ForPeople"],
        ["ContinuousImprovement", "Capacity planning updated", "Manual", "ForPeople"],
        ["ContinuousImprovement", "Team performance training", "Manual", "ForPeople"],
      ],
    );
  });

  const noNodeLabels = "install NVIDIA GPU Feature Discovery, which labels nodes with the version";
  const cases: {
    readonly item: string;
    readonly when: string;
    readonly change: Change;
    /** State, reason and message; undefined: the status does not list the item. */
    readonly answer: readonly [ChecklistItem["state"], string, string] | undefined;
  }[] = [
    {
      item: "GPU drivers optimized",
      when: "nodes have different drivers",
      change: { nodes: [node(labels("580", "13")), node(labels("550", "13"))] },
      answer: [
        "NotDone",
        "VersionsDiffer",
        "the nodes have drivers 550.65.06, 580.65.06; install one version on all of them",
      ],
    },
    {
      item: "GPU drivers optimized",
      when: "nodes have no labels",
      change: { nodes: [node({})] },
      answer: ["Unknown", "NoNodeLabels", noNodeLabels],
    },
    {
      item: "GPU drivers optimized",
      when: "the service runs on CPU",
      change: { spec: { gpu: { count: 0 } } },
      answer: undefined,
    },
    {
      item: "CUDA toolkit updated",
      when: "the driver of a node is too old for the processor's CUDA",
      change: { nodes: [node(labels("580", "13")), node(labels("535", "12"))] },
      answer: ["NotDone", "TooOld", "the drivers support CUDA 12.0, the processor needs 13; update the drivers"],
    },
    {
      item: "CUDA toolkit updated",
      when: "nodes have no labels",
      change: { nodes: [node({})] },
      answer: ["Unknown", "NoNodeLabels", noNodeLabels],
    },
    {
      item: "Memory limits configured",
      when: "the pods have none",
      change: { spec: { resources: { limits: { memory: "0" } } } },
      answer: ["NotDone", "NoLimit", "set resources.limits.memory"],
    },
    {
      item: "Network policies optimized",
      when: "they are disabled",
      change: { spec: { network: { networkPolicy: { enabled: false } } } },
      answer: ["NotDone", "SwitchedOff", "set network.networkPolicy.enabled: true"],
    },
    {
      item: "Load testing completed",
      when: "the last test passed",
      change: { lastLoadTest: { name: "baseline-1", passed: true, message: "p95 14 ms" } },
      answer: ["Done", "Passed", "baseline-1: p95 14 ms"],
    },
    {
      item: "Load testing completed",
      when: "the last test failed",
      change: { lastLoadTest: { name: "baseline-1", passed: false, message: "p95 30 ms, limit 20 ms" } },
      answer: ["NotDone", "LastFailed", "baseline-1: p95 30 ms, limit 20 ms"],
    },
    {
      item: "HPA/VPA configured",
      when: "the autoscaler cannot read its metrics",
      change: { ScalingReady: isFalse("MetricsMissing", "no metrics") },
      answer: ["NotDone", "MetricsMissing", "see the condition ScalingReady"],
    },
    {
      item: "HPA/VPA configured",
      when: "the cluster has no VPA",
      change: { verticalAutoscaler: undefined, skipped: new Set(["verticalPodAutoscaler"]) },
      answer: ["NotDone", "VpaMissing", "install the VerticalPodAutoscaler: its API is not served"],
    },
    {
      item: "Resource utilization monitored",
      when: "the cluster has no PodMonitor",
      change: { skipped: new Set(["podMonitor"]) },
      answer: ["NotDone", "ApiMissing", "install the Prometheus Operator: the PodMonitor API is not served"],
    },
    {
      item: "Resource utilization monitored",
      when: "the ConfigMap of the DCGM exporters is not managed by this operator",
      change: { dcgmTaken: true },
      answer: [
        "NotDone",
        "NameTaken",
        "ConfigMap gpumedia-dcgm-metrics is managed by another owner; its metrics may differ from what this service needs",
      ],
    },
    {
      item: "Resource utilization monitored",
      when: "no pod has reported yet",
      change: { MetricsReporting: unknown("NotReportedYet", "no pod has reported yet") },
      answer: ["Unknown", "NotReportedYet", "see the condition MetricsReporting"],
    },
    {
      item: "Performance alerts active",
      when: "they are disabled",
      change: { spec: { monitoring: { alerts: false } } },
      answer: ["NotDone", "SwitchedOff", "set monitoring.alerts: true"],
    },
    {
      item: "Performance alerts active",
      when: "the cluster has no PrometheusRule",
      change: { skipped: new Set(["prometheusRule"]) },
      answer: ["NotDone", "ApiMissing", "install the Prometheus Operator: the PrometheusRule API is not served"],
    },
    {
      item: "Bottlenecks identified",
      when: "the GPUs are saturated",
      change: { bottleneck: "Gpu" },
      answer: [
        "Done",
        "Gpu",
        "GPU utilization is above 80 %; raise autoscaling.horizontal.maxReplicas, or choose a smaller model.size",
      ],
    },
    {
      item: "Bottlenecks identified",
      when: "requests wait",
      change: { bottleneck: "Queue" },
      answer: [
        "Done",
        "Queue",
        "requests wait longer than their processing takes, while neither GPU nor CPU is saturated; see processing.batch",
      ],
    },
    {
      item: "Scaling validated",
      when: "the replicas exceed minReplicas",
      change: { deployment: sampleChild({ spec: { replicas: 3 } }) },
      answer: ["Done", "ScaledOut", "the autoscaler has scaled out above minReplicas 2"],
    },
    {
      item: "Performance metrics tracked",
      when: "nothing scrapes the metrics of the dashboard",
      change: { spec: { monitoring: { podMonitor: false } } },
      answer: [
        "NotDone",
        "NotScraped",
        "nothing scrapes the metrics of the dashboard; see Resource utilization monitored",
      ],
    },
    {
      item: "Optimization opportunities identified",
      when: "the VPA has not recommended anything",
      change: { verticalAutoscaler: sampleChild({}) },
      answer: ["Unknown", "NoRecommendation", "waiting for the first recommendation of the VerticalPodAutoscaler"],
    },
    {
      item: "Optimization opportunities identified",
      when: "the VPA is not installed: it was NoRecommendation",
      change: { verticalAutoscaler: undefined, skipped: new Set(["verticalPodAutoscaler"]) },
      answer: ["NotDone", "VpaMissing", "install the VerticalPodAutoscaler: its API is not served"],
    },
  ];
  for (const { item, when, change, answer } of cases) {
    it(`${item}: ${answer?.[0] ?? "not listed"} when ${when}`, () => {
      const found = checklist(input(change)).find((one) => one.item === item);
      assert.deepEqual(found && [found.state, found.reason, found.message], answer);
    });
  }
});
