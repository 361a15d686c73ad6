import type { ChildView, StatusCondition } from "../observe/child-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { StatusInput } from "./status-input.ts";

export type ScalingReadyReason =
  | "NotNeeded"
  | "NotStarted"
  | "ApiMissing"
  | "Scaling"
  | "AtMaximum"
  | "MetricsMissing"
  | "CannotScale";

/** ScalingReady: does horizontal autoscaling do its work? Its own controller's words say why not. */
export function scalingReady({
  service,
  autoscaler,
  skipped,
}: Pick<StatusInput, "service" | "autoscaler" | "skipped">): Verdict<ScalingReadyReason> {
  const { enabled, provider, minReplicas, maxReplicas } = service.autoscaling.horizontal;
  if (!enabled) return isTrue("NotNeeded", "horizontal autoscaling is off");
  if (skipped.has("scaledObject")) {
    return isFalse(
      "ApiMissing",
      "autoscaling.horizontal.provider is KEDA, and KEDA is not installed: install it, or choose HPA",
    );
  }
  const { conditions = [] } = autoscaler?.status ?? {};
  if (autoscaler === undefined || conditions.length === 0) {
    return unknown("NotStarted", "the autoscaler has not looked at the service yet");
  }
  const bounds = `${minReplicas} and ${maxReplicas} replicas`;
  return provider === "KEDA" ? kedaVerdict(conditions, bounds) : hpaVerdict(autoscaler, conditions, bounds);
}

/** @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#appendix-horizontal-pod-autoscaler-status-conditions */
function hpaVerdict(
  { status }: ChildView,
  conditions: readonly StatusCondition[],
  bounds: string,
): Verdict<ScalingReadyReason> {
  const failing = (type: string): StatusCondition | undefined =>
    conditions.find((condition) => condition.type === type && condition.status === "False");
  const unable = failing("AbleToScale");
  if (unable !== undefined) return isFalse("CannotScale", words(unable));
  const inactive = failing("ScalingActive");
  if (inactive !== undefined) {
    // It is inactive also when somebody has set the replicas to 0, or when another autoscaler has its pods.
    const missing = inactive.reason?.startsWith("FailedGet") === true;
    return isFalse(missing ? "MetricsMissing" : "CannotScale", words(inactive));
  }
  const limited = conditions.find(
    ({ type, status, reason }) => type === "ScalingLimited" && status === "True" && reason === "TooManyReplicas",
  );
  if (limited !== undefined) {
    return isTrue(
      "AtMaximum",
      `wants more than ${status.desiredReplicas ?? 0} replicas: raise autoscaling.horizontal.maxReplicas if GPUs allow`,
    );
  }
  return isTrue("Scaling", `between ${bounds}`);
}

/** @see https://keda.sh/docs/latest/reference/scaledobject-spec/ */
function kedaVerdict(conditions: readonly StatusCondition[], bounds: string): Verdict<ScalingReadyReason> {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return isTrue("Scaling", `between ${bounds}, by KEDA`);
  if (ready?.status === "False") return isFalse("CannotScale", words(ready));
  return unknown("NotStarted", "KEDA has not looked at the ScaledObject yet");
}

function words({ reason = "", message = "" }: StatusCondition): string {
  return message === "" ? reason : message;
}
