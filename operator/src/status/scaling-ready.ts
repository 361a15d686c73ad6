import type { ChildView, StatusCondition } from "../observe/child-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { ScalingReadyReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

type ScalingVerdict = Verdict<ScalingReadyReason>;

/** ScalingReady: does horizontal autoscaling work? If not, the message is that of the autoscaler's controller. */
export function scalingReady({
  service,
  autoscaler,
  skipped,
  resourceMetrics,
}: Pick<StatusInput, "service" | "autoscaler" | "skipped" | "resourceMetrics">): ScalingVerdict {
  const { enabled, provider, minReplicas, maxReplicas } = service.autoscaling.horizontal;
  if (!enabled) return isTrue("NotNeeded", "horizontal autoscaling is disabled");
  if (skipped.has("scaledObject")) {
    return isFalse("ApiMissing", "KEDA is not installed; install it, or set autoscaling.horizontal.provider: HPA");
  }
  const { conditions = [] } = autoscaler?.status ?? {};
  if (autoscaler === undefined || conditions.length === 0) {
    return unknown("NotStarted", "waiting for the autoscaler to evaluate the service");
  }
  const bounds = `between ${minReplicas} and ${maxReplicas} replicas`;
  return provider === "KEDA" ? kedaVerdict(conditions, bounds) : hpaVerdict(autoscaler, resourceMetrics, bounds);
}

const withoutCpu = "set autoscaling.horizontal.cpuUtilizationPercent: 0";

/** @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#appendix-horizontal-pod-autoscaler-status-conditions */
function hpaVerdict({ status }: ChildView, resourceMetrics: boolean, bounds: string): ScalingVerdict {
  const { conditions = [] } = status;
  const failing = (type: string): StatusCondition | undefined =>
    conditions.find((condition) => condition.type === type && condition.status === "False");
  const unable = failing("AbleToScale");
  if (unable !== undefined) return isFalse("CannotScale", textOf(unable));
  const inactive = failing("ScalingActive");
  if (inactive !== undefined) return inactiveVerdict(inactive, resourceMetrics);
  const limited = conditions.find(
    ({ type, status: is, reason }) => type === "ScalingLimited" && is === "True" && reason === "TooManyReplicas",
  );
  if (limited === undefined) return isTrue("Scaling", `scales ${bounds}`);
  const message = `limited to ${status.desiredReplicas ?? 0} replicas; raise autoscaling.horizontal.maxReplicas if GPUs are available`;
  return isTrue("AtMaximum", message);
}

function inactiveVerdict(inactive: StatusCondition, resourceMetrics: boolean): ScalingVerdict {
  const { reason = "" } = inactive;
  // KEDA's HPA and those of an earlier version of this operator have a Resource metric.
  if (reason === "FailedGetContainerResourceMetric" || reason === "FailedGetResourceMetric") {
    if (!resourceMetrics) {
      const message = `metrics.k8s.io is not served, so CPU utilization is unknown; install metrics-server, or ${withoutCpu}`;
      return isFalse("ApiMissing", message);
    }
    return isFalse("MetricsMissing", `${textOf(inactive)}; check metrics-server, or ${withoutCpu}`);
  }
  if (reason.startsWith("FailedGet")) {
    const message = `${textOf(inactive)}; check the APIService of custom.metrics.k8s.io, or set autoscaling.horizontal.gpuUtilizationPercent: 0`;
    return isFalse("MetricsMissing", message);
  }
  // The HPA is inactive also when the replicas were set to 0, or when another autoscaler selects the same pods.
  return isFalse("CannotScale", textOf(inactive));
}

/** @see https://keda.sh/docs/latest/reference/scaledobject-spec/ */
function kedaVerdict(conditions: readonly StatusCondition[], bounds: string): ScalingVerdict {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return isTrue("Scaling", `KEDA scales ${bounds}`);
  if (ready?.status === "False") return isFalse("CannotScale", textOf(ready));
  return unknown("NotStarted", "waiting for KEDA to evaluate the ScaledObject");
}

function textOf({ reason = "", message = "" }: StatusCondition): string {
  return message === "" ? reason : message;
}
