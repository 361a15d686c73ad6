import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { sampleDevices, sampleGpus } from "../plan/gpus.sample.ts";
import type { NodeDevices } from "../plan/gpus.ts";
import { checklist, completeChecklist, type ChecklistInput, type ChecklistItem } from "./checklist.ts";
import { isFalse, isTrue, unknown } from "./condition.ts";
import { sampleChild, samplePrometheus, sampleStatusInput } from "./status-input.sample.ts";

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

/** As kube-prometheus-stack installs it. */
const release = { labels: { matchLabels: { release: "stack" } }, namespaces: {} };
const byRelease = samplePrometheus({ rules: release, podMonitors: release });

/** As VPA 1.8.1 writes it. */
const unsupported = { type: "ConfigUnsupported", status: "True", message: "no scale" } as const;

describe("the guide's checklists", () => {
  it("list what is to be done, and what was answered by evidence", () => {
    assert.deepEqual(
      checklist(input({})).map(({ list, item, state, reason, message }) => [list, item, state, reason, message]),
      [
        ["PreDeployment", "GPU drivers optimized", "Done", "OneVersion", "all nodes have driver 580.65.06"],
        ["PreDeployment", "CUDA toolkit updated", "Done", "Supported", "the drivers support CUDA 13.0"],
        [
          "PreDeployment",
          "Load testing completed",
          "Unknown",
          "NoLoadTest",
          "create a GpuMediaLoadTest for this service",
        ],
        [
          "Runtime",
          "Resource utilization monitored",
          "Done",
          "Selected",
          "Prometheus monitoring/k8s loads the PodMonitor",
        ],
        [
          "Runtime",
          "Performance alerts active",
          "Done",
          "Selected",
          "Prometheus monitoring/k8s loads the PrometheusRule",
        ],
        [
          "Runtime",
          "Scaling validated",
          "Unknown",
          "NotSeenYet",
          "the replicas have not exceeded minReplicas 2 yet; run a load test",
        ],
      ],
    );
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
        ["Runtime", "Resource utilization monitored", "Done", "Selected"],
        ["Runtime", "Performance alerts active", "Done", "Selected"],
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
  /** State, reason and message. */
  type Answer = readonly [ChecklistItem["state"], string, string];
  const cases: {
    readonly [item: string]: {
      /** Undefined: the status does not list the item. */
      readonly [when: string]: readonly [change: Change, answer: Answer | undefined];
    };
  } = {
    "GPU drivers optimized": {
      "nodes have different drivers": [
        { nodes: [node(labels("580", "13")), node(labels("550", "13"))] },
        [
          "NotDone",
          "VersionsDiffer",
          "the nodes have drivers 550.65.06, 580.65.06; install one version on all of them",
        ],
      ],
      "nodes have no labels": [{ nodes: [node({})] }, ["Unknown", "NoNodeLabels", noNodeLabels]],
      "the service runs on CPU": [{ spec: { gpu: { count: 0 } } }, undefined],
    },
    "CUDA toolkit updated": {
      "the driver of a node is too old for the processor's CUDA": [
        { nodes: [node(labels("580", "13")), node(labels("535", "12"))] },
        ["NotDone", "TooOld", "the drivers support CUDA 12.0, the processor needs 13; update the drivers"],
      ],
      "nodes have no labels": [{ nodes: [node({})] }, ["Unknown", "NoNodeLabels", noNodeLabels]],
    },
    "Memory limits configured": {
      "the pods have none": [
        { spec: { resources: { limits: { memory: "0" } } } },
        ["NotDone", "NoLimit", "set resources.limits.memory"],
      ],
    },
    "Network policies optimized": {
      "they are disabled": [
        { spec: { network: { networkPolicy: { enabled: false } } } },
        ["NotDone", "SwitchedOff", "set network.networkPolicy.enabled: true"],
      ],
    },
    "Load testing completed": {
      "the last test passed": [
        { lastLoadTest: { name: "baseline-1", passed: true, message: "p95 14 ms" } },
        ["Done", "Passed", "baseline-1: p95 14 ms"],
      ],
      "the last test failed": [
        { lastLoadTest: { name: "baseline-1", passed: false, message: "p95 30 ms, limit 20 ms" } },
        ["NotDone", "LastFailed", "baseline-1: p95 30 ms, limit 20 ms"],
      ],
    },
    "HPA/VPA configured": {
      "the autoscaler cannot read its metrics": [
        { ScalingReady: isFalse("MetricsMissing", "no metrics") },
        ["NotDone", "MetricsMissing", "see the condition ScalingReady"],
      ],
      "the cluster has no VPA": [
        { verticalAutoscaler: undefined, skipped: new Set(["verticalPodAutoscaler"]) },
        ["NotDone", "VpaMissing", "install the VerticalPodAutoscaler: its API is not served"],
      ],
      "the VPA refuses the Deployment": [
        { verticalAutoscaler: sampleChild({ status: { conditions: [unsupported] } }) },
        ["NotDone", "VpaUnsupported", "the VerticalPodAutoscaler does not act on the Deployment: no scale"],
      ],
    },
    "Resource utilization monitored": {
      "the cluster has no PodMonitor": [
        { skipped: new Set(["podMonitor"]) },
        ["NotDone", "ApiMissing", "install the Prometheus Operator: the PodMonitor API is not served"],
      ],
      "the ConfigMap of the DCGM exporters is not managed by this operator": [
        { dcgmTaken: true },
        [
          "NotDone",
          "NameTaken",
          "ConfigMap gpumedia-dcgm-metrics is managed by another owner; its metrics may differ from what this service needs",
        ],
      ],
      "the only Prometheus selects PodMonitors by a label": [
        { prometheuses: [byRelease] },
        [
          "Unknown",
          "NotSelected",
          "set monitoring.labels to match release=stack: Prometheus monitoring/k8s loads only such PodMonitors",
        ],
      ],
      "no Prometheus object is known": [
        { prometheuses: undefined },
        [
          "Unknown",
          "NoPrometheus",
          "no Prometheus object is known; check that what loads PodMonitors selects this one, by monitoring.labels",
        ],
      ],
      "no pod has reported yet": [
        { MetricsReporting: unknown("NotReportedYet", "no pod has reported yet") },
        ["Unknown", "NotReportedYet", "see the condition MetricsReporting"],
      ],
    },
    "Performance alerts active": {
      "the only Prometheus selects rules by a label (prometheus-operator#3636)": [
        { prometheuses: [byRelease] },
        [
          "Unknown",
          "NotSelected",
          "set monitoring.labels to match release=stack: Prometheus monitoring/k8s loads only such PrometheusRules",
        ],
      ],
      "the service has that label": [
        {
          prometheuses: [byRelease],
          sharedRules: { namespace: "gpumedia-system", labels: { release: "stack" } },
        },
        ["Done", "Selected", "Prometheus monitoring/k8s loads the PrometheusRule"],
      ],
      "they are disabled": [
        { spec: { monitoring: { alerts: false } } },
        ["NotDone", "SwitchedOff", "set monitoring.alerts: true"],
      ],
      "the shared rules do not apply": [
        {
          sharedRules: {
            namespace: "gpumedia-system",
            labels: {},
            problem: { reason: "RulesNotLoaded", message: "Prometheus team/k8s may not apply the shared rules" },
          },
        },
        ["NotDone", "RulesNotLoaded", "Prometheus team/k8s may not apply the shared rules"],
      ],
      "the cluster has no PrometheusRule": [
        { skipped: new Set(["prometheusRule"]) },
        ["NotDone", "ApiMissing", "install the Prometheus Operator: the PrometheusRule API is not served"],
      ],
    },
    "Bottlenecks identified": {
      "the GPUs are saturated": [
        { bottleneck: "Gpu" },
        [
          "Done",
          "Gpu",
          "GPU utilization is above 80 %; raise autoscaling.horizontal.maxReplicas, or choose a smaller model.size",
        ],
      ],
      "requests wait": [
        { bottleneck: "Queue" },
        [
          "Done",
          "Queue",
          "requests wait longer than their processing takes, while neither GPU nor CPU is saturated; see processing.batch",
        ],
      ],
    },
    "Scaling validated": {
      "the replicas exceed minReplicas": [
        { deployment: sampleChild({ spec: { replicas: 3 } }) },
        ["Done", "ScaledOut", "the autoscaler has scaled out above minReplicas 2"],
      ],
    },
    "Performance metrics tracked": {
      "no Prometheus loads the PodMonitor": [
        { prometheuses: [byRelease] },
        ["Unknown", "NotSelected", "see Resource utilization monitored"],
      ],
      "nothing scrapes the metrics of the dashboard": [
        { spec: { monitoring: { podMonitor: false } } },
        ["NotDone", "NotScraped", "nothing scrapes the metrics of the dashboard; see Resource utilization monitored"],
      ],
    },
    "Optimization opportunities identified": {
      "the VPA has not recommended anything": [
        { verticalAutoscaler: sampleChild({}) },
        ["Unknown", "NoRecommendation", "waiting for the first recommendation of the VerticalPodAutoscaler"],
      ],
      "the VPA refuses the Deployment, and recommends nothing": [
        { verticalAutoscaler: sampleChild({ status: { conditions: [unsupported] } }) },
        ["NotDone", "VpaUnsupported", "the VerticalPodAutoscaler does not act on the Deployment: no scale"],
      ],
      "the VPA is not installed: it was NoRecommendation": [
        { verticalAutoscaler: undefined, skipped: new Set(["verticalPodAutoscaler"]) },
        ["NotDone", "VpaMissing", "install the VerticalPodAutoscaler: its API is not served"],
      ],
    },
  };
  for (const [item, answers] of Object.entries(cases)) {
    for (const [when, [change, answer]] of Object.entries(answers)) {
      it(`${item}: ${answer?.[0] ?? "not listed"} when ${when}`, () => {
        const found = checklist(input(change)).find((one) => one.item === item);
        assert.deepEqual(found && [found.state, found.reason, found.message], answer);
      });
    }
  }
});
