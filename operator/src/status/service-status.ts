/** The complete status of a service. */
import { defaultProfileName, type GpuMediaService, type GpuMediaServiceStatus } from "@gpumedia/api";
import { selectorLabels } from "../desired/child.ts";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { available } from "./available.ts";
import { checklist } from "./checklist.ts";
import { conditions, isTrue, type Verdict } from "./condition.ts";
import { endpoint, exposed, externalRoutes } from "./exposed.ts";
import { capacity, gpuCapacity } from "./gpu-capacity.ts";
import { gpuStatus } from "./gpu-status.ts";
import { processorRecommendation, replicaCounts, type StatusInput } from "./status-input.ts";
import { readiness, stalled } from "./ready.ts";
import type { ReadyReason } from "./reasons.ts";
import { scalingReady } from "./scaling-ready.ts";
import { utilizationStatus } from "./utilization.ts";

/** `now` is RFC 3339: the time of every change in this status. */
export function serviceStatus(stored: GpuMediaService, input: StatusInput, now: string): GpuMediaServiceStatus {
  const { service } = input;
  const generation = stored.metadata.generation ?? 0;
  const { ready: judged, reconciling, stalled: stalledVerdict } = readiness(input);
  const ready = keptWhileWarmingUp(judged, input, stored.status);
  const replicas = replicaCounts(input);
  // The status is written when pods come or go; figures of other pods would stand beside it for up to a minute.
  const mayMove = input.reading.mayMove || digest(replicas) !== digest(stored.status?.replicas);
  const observed = utilizationStatus({ service, reading: { ...input.reading, mayMove }, before: stored.status, now });
  const { utilization, bottleneck } = observed;
  const routes = externalRoutes(input);
  const verdicts = {
    Ready: ready,
    Reconciling: reconciling,
    Stalled: stalledVerdict,
    Available: available(input),
    Exposed: exposed(routes),
    GpuCapacity: gpuCapacity(input),
    ScalingReady: scalingReady(input),
    MetricsReporting: observed.MetricsReporting,
    SloMet: observed.SloMet,
  };
  return {
    observedGeneration: generation,
    conditions: conditions(verdicts, stored.status?.conditions ?? [], generation, now),
    summary: {
      profile: service.profile,
      replicas: `${replicas.ready}/${replicas.desired}`,
      image: service.image,
      ...optional("gpuUtilization", withUnit(utilization.gpuPercent, "%")),
      ...optional("latencyP95", withUnit(utilization.latencyP95Milliseconds, "ms")),
    },
    replicas,
    selector: podSelector(service),
    endpoint: endpoint(service, routes),
    utilization,
    bottleneck,
    ...optional("rollout", input.rollout ?? stored.status?.rollout),
    ...optional("gpu", gpuStatus(input, stored.status?.gpu)),
    ...optional("capacity", capacity(input)),
    ...optional("admission", input.admission),
    ...optional("omittedFields", input.omittedFields),
    ...optional("recommendation", recommendation(input)),
    guideChecklist: checklist({ ...input, ...verdicts, bottleneck }),
  };
}

/** A new leader has no reports at first: without them a lost GPU would be reported as found, and as lost again. */
function keptWhileWarmingUp(
  ready: Verdict<ReadyReason>,
  { reading }: StatusInput,
  before: GpuMediaServiceStatus | undefined,
): Verdict<ReadyReason> {
  const was = before?.conditions?.find(({ type }) => type === "Ready");
  if (!reading.warmingUp || ready.reason !== "Serving" || was?.reason !== "Degraded") return ready;
  return isTrue("Degraded", was.message);
}

/** For the scale subresource. */
function podSelector(service: EffectiveService): string {
  return Object.entries(selectorLabels(service))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

function withUnit(value: number | undefined, unit: string): string | undefined {
  return value === undefined ? undefined : `${value}${unit}`;
}

/** The status while the spec cannot be evaluated: everything else stays as it was. */
export function stalledStatus(
  stored: GpuMediaService,
  failure: { readonly reason: ReadyReason; readonly message: string },
  now: string,
): GpuMediaServiceStatus {
  const generation = stored.metadata.generation ?? 0;
  const before = stored.status?.conditions ?? [];
  const { ready, stalled: stalledVerdict } = stalled(failure.reason, failure.message);
  const changed = conditions({ Ready: ready, Stalled: stalledVerdict }, before, generation, now);
  const kept = before.filter(({ type }) => !["Ready", "Reconciling", "Stalled"].includes(type));
  const profile = stored.spec?.profile ?? defaultProfileName;
  const summary = { ...stored.status?.summary, profile };
  return { ...stored.status, observedGeneration: generation, conditions: [...changed, ...kept], summary };
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: Value };
}

/** The requests that the VerticalPodAutoscaler recommends for the processor. */
function recommendation({ verticalAutoscaler }: StatusInput): GpuMediaServiceStatus["recommendation"] {
  const processor = processorRecommendation(verticalAutoscaler);
  return processor?.target === undefined ? undefined : { requests: { ...processor.target } };
}
