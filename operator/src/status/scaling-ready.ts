import { liveTargets } from "../desired/live-targets.ts";
import type { ChildStatus, ChildView, StatusCondition } from "../observe/child-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { ScalingReadyReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

type ScalingVerdict = Verdict<ScalingReadyReason>;

type Input = Pick<
  StatusInput,
  "service" | "autoscaler" | "kedaAutoscaler" | "skipped" | "resourceMetrics" | "unreachableApis"
>;

/** ScalingReady: does horizontal autoscaling work? If not, the message is that of the autoscaler's controller. */
export function scalingReady(input: Input): ScalingVerdict {
  const { service, autoscaler, skipped } = input;
  const { enabled, provider } = service.autoscaling.horizontal;
  if (!enabled) return isTrue("NotNeeded", "horizontal autoscaling is disabled");
  if (skipped.has("scaledObject")) {
    return isFalse("ApiMissing", "KEDA is not installed; install it, or set autoscaling.horizontal.provider: HPA");
  }
  const unreachable = unreachableMetrics(input);
  if (unreachable !== undefined) return unreachable;
  if (autoscaler === undefined || (autoscaler.status.conditions ?? []).length === 0) {
    return unknown("NotStarted", "waiting for the autoscaler to evaluate the service");
  }
  return provider === "KEDA" ? kedaVerdict(autoscaler, input) : hpaVerdict(autoscaler, input);
}

/** An HPA with two metrics reports nothing while one of them is missing, and does not scale in. */
function unreachableMetrics({ service, unreachableApis }: Input): ScalingVerdict | undefined {
  const live = liveTargets(service).length > 0;
  const { provider, cpuUtilizationPercent, gpuUtilizationPercent } = service.autoscaling.horizontal;
  const gpuApi = provider === "KEDA" ? "external.metrics.k8s.io" : "custom.metrics.k8s.io";
  const needed = [
    ...(gpuUtilizationPercent > 0 ? [{ api: gpuApi, metric: "GPU utilization" }] : []),
    ...(live ? [{ api: gpuApi, metric: "the load of live video" }] : []),
    ...(cpuUtilizationPercent > 0 ? [{ api: "metrics.k8s.io", metric: "CPU utilization" }] : []),
  ];
  const missing = needed.find(({ api }) => unreachableApis.has(api));
  if (missing === undefined) return undefined;
  const { api, metric } = missing;
  const message = `the API server does not reach the server of ${api}, so ${metric} is unknown and no namespace can be deleted; see kubectl get apiservices, and open the server's port to the API server, or delete its APIServices`;
  return isFalse("MetricsMissing", message);
}

const withoutCpu = "set autoscaling.horizontal.cpuUtilizationPercent: 0";

/** @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#appendix-horizontal-pod-autoscaler-status-conditions */
function hpaVerdict({ status }: ChildView, input: Input): ScalingVerdict {
  const unable = conditionOf(status, "AbleToScale", "False");
  if (unable !== undefined) return isFalse("CannotScale", textOf(unable));
  const inactive = conditionOf(status, "ScalingActive", "False");
  if (inactive !== undefined) return inactiveVerdict(inactive, input);
  const limited = conditionOf(status, "ScalingLimited", "True");
  if (limited?.reason !== "TooManyReplicas") return scales(input);
  const message = `limited to ${status.desiredReplicas ?? 0} replicas; raise autoscaling.horizontal.maxReplicas if GPUs are available`;
  return isTrue("AtMaximum", message);
}

function scales({ service }: Input): ScalingVerdict {
  const { provider, minReplicas, maxReplicas } = service.autoscaling.horizontal;
  return isTrue(
    "Scaling",
    `${provider === "KEDA" ? "KEDA " : ""}scales between ${minReplicas} and ${maxReplicas} replicas`,
  );
}

function inactiveVerdict(inactive: StatusCondition, { service, resourceMetrics }: Input): ScalingVerdict {
  const { reason = "" } = inactive;
  // KEDA's HPA and those of an earlier version of this operator have a Resource metric.
  if (reason === "FailedGetContainerResourceMetric" || reason === "FailedGetResourceMetric") {
    if (!resourceMetrics) {
      const message = `metrics.k8s.io is not served, so CPU utilization is unknown; install metrics-server, or ${withoutCpu}`;
      return isFalse("ApiMissing", message);
    }
    return isFalse("MetricsMissing", `${textOf(inactive)}; check metrics-server, or ${withoutCpu}`);
  }
  if (reason === "FailedGetExternalMetric") {
    const message = `${textOf(inactive)}; check the APIService v1beta1.external.metrics.k8s.io of KEDA, and ${prometheusOf(service)}`;
    return isFalse("MetricsMissing", message);
  }
  if (reason.startsWith("FailedGet")) {
    const fields = [
      ...(service.gpu.count > 0 ? ["gpuUtilizationPercent"] : []),
      ...(liveTargets(service).length > 0 ? ["liveSessionsPercent", "droppedFramesPercent"] : []),
    ];
    const off = fields.map((field) => `autoscaling.horizontal.${field}: 0`).join(", ");
    const message = `${textOf(inactive)}; check the APIService of custom.metrics.k8s.io, or set ${off}`;
    return isFalse("MetricsMissing", message);
  }
  // The HPA is inactive also when the replicas were set to 0, or when another autoscaler selects the same pods.
  return isFalse("CannotScale", textOf(inactive));
}

/**
 * KEDA's Ready is only about the definition of the ScaledObject: it stays True while a trigger falls back, KEDA's HPA fails
 * or scaling is paused.
 *
 * @see https://github.com/kedacore/keda/blob/v2.21.0/apis/keda/v1alpha1/condition_types.go
 */
function kedaVerdict({ status }: ChildView, input: Input): ScalingVerdict {
  const { service, kedaAutoscaler } = input;
  const paused = conditionOf(status, "Paused", "True");
  if (paused !== undefined) {
    const message = `${textOf(paused)}; remove the annotations autoscaling.keda.sh/paused… of ScaledObject ${service.name}`;
    return isFalse("CannotScale", message);
  }
  const ready = (status.conditions ?? []).find(({ type }) => type === "Ready");
  const failing = triggerReasons.has(ready?.reason ?? "") ? ready : conditionOf(status, "Fallback", "True");
  if (failing !== undefined) return isFalse("MetricsMissing", `${textOf(failing)}; check ${prometheusOf(service)}`);
  if (ready?.status === "False") return isFalse("CannotScale", textOf(ready));
  if (ready?.status !== "True") return unknown("NotStarted", "waiting for KEDA to evaluate the ScaledObject");
  if (kedaAutoscaler !== undefined) return hpaVerdict(kedaAutoscaler, input);
  // Without its HPA, which the caches lack if an annotation keeps KEDA from copying our labels; since KEDA 2.20.2.
  const inactive = conditionOf(status, "HPAActive", "False");
  return inactive === undefined ? scales(input) : inactiveVerdict(inactive, input);
}

/** Reasons of Ready for triggers that fail. KEDA gives the second while another trigger works, before the fallback. */
const triggerReasons: ReadonlySet<string> = new Set(["TriggerError", "PartialTriggerError"]);

function prometheusOf({ autoscaling }: StatusInput["service"]): string {
  return `that Prometheus at ${autoscaling.horizontal.prometheusAddress} has the series of the ScaledObject's query`;
}

function conditionOf({ conditions = [] }: ChildStatus, type: string, status: string): StatusCondition | undefined {
  return conditions.find((condition) => condition.type === type && condition.status === status);
}

function textOf({ reason = "", message = "" }: StatusCondition): string {
  return message === "" ? reason : message;
}
