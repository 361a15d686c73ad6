import assert from "node:assert/strict";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import type { ChildStatus, StatusCondition } from "../observe/child-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { ScalingReadyReason } from "./reasons.ts";
import { scalingReady } from "./scaling-ready.ts";
import { sampleChild } from "./status-input.sample.ts";

/** Conditions of a HorizontalPodAutoscaler that works. */
const able: StatusCondition = { type: "AbleToScale", status: "True", reason: "ReadyForNewScale" };
const active: StatusCondition = { type: "ScalingActive", status: "True", reason: "ValidMetricFound" };
const within: StatusCondition = { type: "ScalingLimited", status: "False", reason: "DesiredWithinRange" };

const noMetric = (reason: string): StatusCondition => ({
  type: "ScalingActive",
  status: "False",
  reason,
  message: "no metrics known",
});

/** As KEDA 2.21.0 reports them. */
const kedaReady: StatusCondition = {
  type: "Ready",
  status: "True",
  reason: "ScaledObjectReady",
  message: "ScaledObject is defined correctly and is ready for scaling",
};
const fallsBack: StatusCondition = {
  type: "Fallback",
  status: "True",
  reason: "FallbackExists",
  message: "At least one trigger is falling back on this scaled object",
};
const paused: StatusCondition = {
  type: "Paused",
  status: "True",
  reason: "ScaledObjectPaused",
  message: "ScaledObject is paused",
};
const kedaHpaInactive: StatusCondition = {
  type: "HPAActive",
  status: "False",
  reason: "FailedGetResourceMetric",
  message: "HPA is not actively scaling: no metrics known",
};

const keda: GpuMediaServiceSpec = { autoscaling: { horizontal: { provider: "KEDA" } } };
const scales = isTrue("Scaling", "scales between 2 and 10 replicas");
const kedaScales = isTrue("Scaling", "KEDA scales between 2 and 10 replicas");
const series =
  "check that Prometheus at http://prometheus-operated.monitoring.svc:9090 has the series of the ScaledObject's query";
const pausedVerdict = isFalse(
  "CannotScale",
  "ScaledObject is paused; remove the annotations autoscaling.keda.sh/paused… of ScaledObject upscaler",
);
const notStarted = unknown("NotStarted", "waiting for the autoscaler to evaluate the service");

const unreachableText = (api: string, metric: string): string =>
  `the API server does not reach the server of ${api}, so ${metric} is unknown and no namespace can be deleted; see kubectl get apiservices, and open the server's port to the API server, or delete its APIServices`;

describe("ScalingReady", () => {
  const cases: {
    readonly [title: string]: {
      readonly spec?: GpuMediaServiceSpec;
      readonly skipped?: readonly ChildRole[];
      /** Default: true. */
      readonly unreachable?: readonly string[];
      readonly resourceMetrics?: boolean;
      /** Of the autoscaler; undefined: no autoscaler exists. */
      readonly status: ChildStatus | undefined;
      /** Of the HPA that KEDA has created; undefined: it is not in the cache. */
      readonly kedaHpa?: ChildStatus;
      readonly verdict: Verdict<ScalingReadyReason>;
    };
  } = {
    disabled: {
      spec: { autoscaling: { horizontal: { enabled: false } } },
      status: undefined,
      verdict: isTrue("NotNeeded", "horizontal autoscaling is disabled"),
    },
    "no autoscaler yet": { status: undefined, verdict: notStarted },
    "an autoscaler without conditions": { status: {}, verdict: notStarted },
    "it scales": { status: { conditions: [able, active, within] }, verdict: scales },
    "at minReplicas, which is no limit": {
      status: { conditions: [able, active, { ...within, status: "True", reason: "TooFewReplicas" }] },
      verdict: scales,
    },
    "at maxReplicas": {
      status: {
        desiredReplicas: 10,
        conditions: [able, active, { ...within, status: "True", reason: "TooManyReplicas" }],
      },
      verdict: isTrue(
        "AtMaximum",
        "limited to 10 replicas; raise autoscaling.horizontal.maxReplicas if GPUs are available",
      ),
    },
    "no CPU metric": {
      status: { conditions: [able, noMetric("FailedGetContainerResourceMetric")] },
      verdict: isFalse(
        "MetricsMissing",
        "no metrics known; check metrics-server, or set autoscaling.horizontal.cpuUtilizationPercent: 0",
      ),
    },
    "no CPU metric, because metrics-server is not installed": {
      resourceMetrics: false,
      status: { conditions: [able, noMetric("FailedGetResourceMetric")] },
      verdict: isFalse(
        "ApiMissing",
        "metrics.k8s.io is not served, so CPU utilization is unknown; install metrics-server, or set autoscaling.horizontal.cpuUtilizationPercent: 0",
      ),
    },
    "no GPU metric": {
      status: { conditions: [able, noMetric("FailedGetPodsMetric")] },
      verdict: isFalse(
        "MetricsMissing",
        "no metrics known; check the APIService of custom.metrics.k8s.io, or set autoscaling.horizontal.gpuUtilizationPercent: 0",
      ),
    },
    "it scales on the GPU metric, and metrics-server is not installed": {
      resourceMetrics: false,
      status: { conditions: [able, active, within] },
      verdict: scales,
    },
    "the replicas were set to 0: no metric is missing": {
      status: { conditions: [able, { type: "ScalingActive", status: "False", reason: "ScalingDisabled" }] },
      verdict: isFalse("CannotScale", "ScalingDisabled"),
    },
    "it cannot change the replicas, and a metric is missing": {
      status: {
        conditions: [
          noMetric("FailedGetResourceMetric"),
          { ...able, status: "False", reason: "FailedUpdateScale", message: "forbidden" },
        ],
      },
      verdict: isFalse("CannotScale", "forbidden"),
    },
    "KEDA is not installed": {
      spec: keda,
      skipped: ["verticalPodAutoscaler", "scaledObject"],
      status: undefined,
      verdict: isFalse("ApiMissing", "KEDA is not installed; install it, or set autoscaling.horizontal.provider: HPA"),
    },
    "another API is not installed": {
      skipped: ["verticalPodAutoscaler"],
      status: { conditions: [able, active] },
      verdict: scales,
    },
    "KEDA scales": {
      spec: keda,
      status: { conditions: [kedaReady, { type: "HPAActive", status: "True", reason: "HPAActive" }] },
      kedaHpa: { conditions: [able, active, within] },
      verdict: kedaScales,
    },
    "KEDA scales, and copies no labels to its HPA": {
      spec: keda,
      status: { conditions: [kedaReady, { type: "HPAActive", status: "True", reason: "HPAActive" }] },
      verdict: kedaScales,
    },
    "KEDA before 2.20.2 scales": { spec: keda, status: { conditions: [kedaReady] }, verdict: kedaScales },
    "KEDA's fallback is active, and its HPA is content": {
      spec: keda,
      status: { conditions: [kedaReady, fallsBack] },
      kedaHpa: { conditions: [able, active, within] },
      verdict: isFalse("MetricsMissing", `${fallsBack.message}; ${series}`),
    },
    "KEDA cannot read a trigger, and the fallback has not begun": {
      spec: keda,
      status: {
        conditions: [{ type: "Ready", status: "Unknown", reason: "PartialTriggerError", message: "some triggers" }],
      },
      verdict: isFalse("MetricsMissing", `some triggers; ${series}`),
    },
    "KEDA's HPA has no CPU metric": {
      spec: keda,
      status: { conditions: [kedaReady, kedaHpaInactive] },
      kedaHpa: { conditions: [able, noMetric("FailedGetResourceMetric")] },
      verdict: isFalse(
        "MetricsMissing",
        "no metrics known; check metrics-server, or set autoscaling.horizontal.cpuUtilizationPercent: 0",
      ),
    },
    "KEDA reports that its HPA has no CPU metric, and copies no labels to it": {
      spec: keda,
      status: { conditions: [kedaReady, kedaHpaInactive] },
      verdict: isFalse(
        "MetricsMissing",
        "HPA is not actively scaling: no metrics known; check metrics-server, or set autoscaling.horizontal.cpuUtilizationPercent: 0",
      ),
    },
    "KEDA's HPA has no CPU metric, because metrics-server is not installed": {
      spec: keda,
      resourceMetrics: false,
      status: { conditions: [kedaReady, kedaHpaInactive] },
      verdict: isFalse(
        "ApiMissing",
        "metrics.k8s.io is not served, so CPU utilization is unknown; install metrics-server, or set autoscaling.horizontal.cpuUtilizationPercent: 0",
      ),
    },
    "KEDA's metrics server does not respond": {
      spec: keda,
      status: { conditions: [kedaReady] },
      kedaHpa: { conditions: [able, noMetric("FailedGetExternalMetric")] },
      verdict: isFalse(
        "MetricsMissing",
        `no metrics known; check the APIService v1beta1.external.metrics.k8s.io of KEDA, and ${series.slice("check ".length)}`,
      ),
    },
    "KEDA is at maxReplicas": {
      spec: keda,
      status: { conditions: [kedaReady] },
      kedaHpa: {
        desiredReplicas: 10,
        conditions: [able, active, { ...within, status: "True", reason: "TooManyReplicas" }],
      },
      verdict: isTrue(
        "AtMaximum",
        "limited to 10 replicas; raise autoscaling.horizontal.maxReplicas if GPUs are available",
      ),
    },
    "KEDA is paused, and has deleted its HPA": {
      spec: keda,
      status: { conditions: [kedaReady, paused, { ...fallsBack, status: "False" }] },
      verdict: pausedVerdict,
    },
    "KEDA is paused for scale-ins alone, and keeps its HPA": {
      spec: keda,
      status: { conditions: [kedaReady, paused] },
      kedaHpa: { conditions: [able, active, within] },
      verdict: pausedVerdict,
    },
    "KEDA cannot scale": {
      spec: keda,
      status: { conditions: [{ type: "Ready", status: "False", reason: "ScaledObjectCheckFailed", message: "" }] },
      verdict: isFalse("CannotScale", "ScaledObjectCheckFailed"),
    },
    "the server of the GPU metric is unreachable, which the HPA does not report while CPU is known": {
      unreachable: ["custom.metrics.k8s.io"],
      status: { conditions: [{ type: "ScalingActive", status: "True" }] },
      verdict: isFalse("MetricsMissing", unreachableText("custom.metrics.k8s.io", "GPU utilization")),
    },
    "metrics-server is unreachable": {
      unreachable: ["metrics.k8s.io"],
      status: { conditions: [{ type: "ScalingActive", status: "True" }] },
      verdict: isFalse("MetricsMissing", unreachableText("metrics.k8s.io", "CPU utilization")),
    },
    "KEDA's metrics server is unreachable": {
      spec: keda,
      unreachable: ["external.metrics.k8s.io"],
      status: { conditions: [{ type: "Ready", status: "True" }] },
      verdict: isFalse("MetricsMissing", unreachableText("external.metrics.k8s.io", "GPU utilization")),
    },
    "an unreachable API that the service does not scale on": {
      spec: { gpu: { count: 0 } },
      unreachable: ["custom.metrics.k8s.io", "external.metrics.k8s.io"],
      status: { conditions: [{ type: "ScalingActive", status: "True" }] },
      verdict: isTrue("Scaling", "scales between 2 and 10 replicas"),
    },
    "KEDA has not evaluated the ScaledObject": {
      spec: keda,
      status: { conditions: [{ type: "Ready", status: "Unknown" }] },
      verdict: unknown("NotStarted", "waiting for KEDA to evaluate the ScaledObject"),
    },
  };
  for (const [
    title,
    { spec, skipped = [], unreachable = [], resourceMetrics = true, status, kedaHpa, verdict },
  ] of Object.entries(cases)) {
    it(title, () => {
      const autoscaler = status && sampleChild({ status });
      const kedaAutoscaler = kedaHpa && sampleChild({ status: kedaHpa });
      const service = sampleService(spec);
      const unreachableApis = new Set(unreachable);
      const input = {
        service,
        autoscaler,
        kedaAutoscaler,
        skipped: new Set(skipped),
        resourceMetrics,
        unreachableApis,
      };
      assert.deepEqual(scalingReady(input), verdict);
    });
  }
});
