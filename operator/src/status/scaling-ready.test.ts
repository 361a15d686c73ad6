import assert from "node:assert/strict";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import type { ChildStatus, ChildView, StatusCondition } from "../observe/child-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { scalingReady, type ScalingReadyReason } from "./scaling-ready.ts";

/** As a horizontal autoscaler's controller has it. */
const able: StatusCondition = { type: "AbleToScale", status: "True", reason: "ReadyForNewScale" };
const active: StatusCondition = { type: "ScalingActive", status: "True", reason: "ValidMetricFound" };
const within: StatusCondition = { type: "ScalingLimited", status: "False", reason: "DesiredWithinRange" };

const keda: GpuMediaServiceSpec = { autoscaling: { horizontal: { provider: "KEDA" } } };
const notStarted = unknown("NotStarted", "the autoscaler has not looked at the service yet");

describe("ScalingReady", () => {
  const cases: {
    readonly title: string;
    readonly spec?: GpuMediaServiceSpec;
    readonly skipped?: readonly ChildRole[];
    /** Of the autoscaler; undefined: there is none. */
    readonly status: ChildStatus | undefined;
    readonly verdict: Verdict<ScalingReadyReason>;
  }[] = [
    {
      title: "off",
      spec: { autoscaling: { horizontal: { enabled: false } } },
      status: undefined,
      verdict: isTrue("NotNeeded", "horizontal autoscaling is off"),
    },
    { title: "no autoscaler yet", status: undefined, verdict: notStarted },
    { title: "one that nobody looks after", status: {}, verdict: notStarted },
    {
      title: "it scales",
      status: { conditions: [able, active, within] },
      verdict: isTrue("Scaling", "between 2 and 10 replicas"),
    },
    {
      title: "at its least, which is no limit",
      status: { conditions: [able, active, { ...within, status: "True", reason: "TooFewReplicas" }] },
      verdict: isTrue("Scaling", "between 2 and 10 replicas"),
    },
    {
      title: "at its most",
      status: {
        desiredReplicas: 10,
        conditions: [able, active, { ...within, status: "True", reason: "TooManyReplicas" }],
      },
      verdict: isTrue(
        "AtMaximum",
        "wants more than 10 replicas: raise autoscaling.horizontal.maxReplicas if GPUs allow",
      ),
    },
    {
      title: "no metric",
      status: {
        conditions: [
          able,
          { type: "ScalingActive", status: "False", reason: "FailedGetResourceMetric", message: "no metrics known" },
        ],
      },
      verdict: isFalse("MetricsMissing", "no metrics known"),
    },
    {
      title: "somebody has set the replicas to 0: no metric is missing",
      status: { conditions: [able, { type: "ScalingActive", status: "False", reason: "ScalingDisabled" }] },
      verdict: isFalse("CannotScale", "ScalingDisabled"),
    },
    {
      title: "it cannot write the replicas, whatever else is wrong",
      status: {
        conditions: [
          { ...active, status: "False", reason: "FailedGetResourceMetric", message: "no metrics known" },
          { ...able, status: "False", reason: "FailedUpdateScale", message: "forbidden" },
        ],
      },
      verdict: isFalse("CannotScale", "forbidden"),
    },
    {
      title: "KEDA is not installed",
      spec: keda,
      skipped: ["verticalPodAutoscaler", "scaledObject"],
      status: undefined,
      verdict: isFalse(
        "ApiMissing",
        "autoscaling.horizontal.provider is KEDA, and KEDA is not installed: install it, or choose HPA",
      ),
    },
    {
      title: "another API is not installed",
      skipped: ["verticalPodAutoscaler"],
      status: { conditions: [able, active] },
      verdict: isTrue("Scaling", "between 2 and 10 replicas"),
    },
    {
      title: "KEDA scales",
      spec: keda,
      status: { conditions: [{ type: "Ready", status: "True" }] },
      verdict: isTrue("Scaling", "between 2 and 10 replicas, by KEDA"),
    },
    {
      title: "KEDA cannot",
      spec: keda,
      status: { conditions: [{ type: "Ready", status: "False", reason: "ScaledObjectCheckFailed", message: "" }] },
      verdict: isFalse("CannotScale", "ScaledObjectCheckFailed"),
    },
    {
      title: "KEDA has only begun",
      spec: keda,
      status: { conditions: [{ type: "Ready", status: "Unknown" }] },
      verdict: unknown("NotStarted", "KEDA has not looked at the ScaledObject yet"),
    },
  ];
  for (const { title, spec, skipped = [], status, verdict } of cases) {
    it(title, () => {
      const autoscaler = status && ({ spec: {}, status } as ChildView);
      assert.deepEqual(scalingReady({ service: sampleService(spec), autoscaler, skipped: new Set(skipped) }), verdict);
    });
  }
});
