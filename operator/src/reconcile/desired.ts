/** The children that a service should have now, and how its pods are replaced. Pure. */
import { childText, desiredChildren, type DesiredChild } from "../desired/children.ts";
import { podTemplate } from "../desired/pod-template.ts";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { countGpus, gpuView } from "../plan/gpus.ts";
import { planChild, type Action } from "../plan/plan.ts";
import { decideRollout, type RolloutDecision } from "../plan/rollout.ts";
import { isUncounted, patienceEndsMs, surgeFailure, waitingReplicas } from "../plan/waiting.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { gpuMetricOf, serviceSharing } from "../utilization/scaling-metric.ts";
import type { ServiceMemory } from "./memory.ts";
import type { Settings } from "./pass.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Desired {
  readonly children: readonly DesiredChild[];
  /** Undefined while the service is suspended. */
  readonly rollout: RolloutDecision | undefined;
  /** When the decision may change although nothing in the cluster does. */
  readonly recheckMs: number | undefined;
}

/** `now` is in ms since 1970. */
export function desired(
  service: EffectiveService,
  snapshot: Snapshot,
  reading: UtilizationReading,
  settings: Settings,
  now: number,
): Desired {
  if (service.suspend) return { children: [], rollout: undefined, recheckMs: undefined };
  const { operatorNamespace, runbookUrl } = settings;
  const { features, stored } = snapshot;
  const before = stored.status?.rollout;
  const gpus = gpuView(service, snapshot.gpus);
  const observed = { deployment: snapshot.children.deployment, pods: snapshot.pods, gpus, now };
  const rollout = decideRollout({
    strategy: service.rollout.strategy,
    templateHash: digest(podTemplate(service)),
    before,
    replicas: snapshot.children.deployment?.spec.replicas ?? 0,
    gpusPerReplica: service.gpu.count,
    spareReplicas: isUncounted(gpus, snapshot.pods) ? undefined : countGpus(gpus).replicas,
    waiting: waitingReplicas(observed, before?.waiting ?? 0),
    surgeFailure: surgeFailure(observed),
  });
  const { strategy, waiting = 0 } = rollout;
  const gpuMetric = gpuMetricOf(serviceSharing(service, reading, stored.status?.utilization?.gpuSharing));
  const context = { operatorNamespace, runbookUrl, features, gpuMetric, rollout: strategy, waitingReplicas: waiting };
  return { children: desiredChildren(service, context), rollout, recheckMs: patienceEndsMs(observed) };
}

export function planChildren(
  service: EffectiveService,
  children: readonly DesiredChild[],
  snapshot: Snapshot,
  { liveRoles, admissions }: Pick<ServiceMemory, "liveRoles" | "admissions">,
): readonly Action[] {
  return children.map((child) => {
    const isServed = !child.kind.optional || snapshot.served.has(child.kind);
    return planChild(service.owner, child, snapshot.children[child.role], isServed, {
      lost: liveRoles.has(child.role),
      admitted: admissions?.get(childText(child)),
    });
  });
}
