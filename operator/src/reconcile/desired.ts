/** The children that a service should have now, and how its pods are replaced. Pure. */
import { childText, desiredChildren, obsoleteTemplate, type DesiredChild } from "../desired/children.ts";
import { liveAddress } from "../desired/live-address.ts";
import { podTemplate } from "../desired/pod-template.ts";
import { dashboardPlace, placeKey, rulesPlace } from "../desired/rule-set.ts";
import { gpuRequest, type GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { decideAllocation, type AllocationDecision } from "../plan/gpu-allocation.ts";
import { countGpus, gpuView } from "../plan/gpus.ts";
import { losesSharedRules, ownRule, ruleOf } from "../plan/own-rule.ts";
import { isOwn, planChild, type Action } from "../plan/plan.ts";
import { quotaHeadroom, type CountedTemplate } from "../plan/quota.ts";
import { decideRollout, type RolloutDecision } from "../plan/rollout.ts";
import { isUncounted, patienceEndsMs, surgeFailure, waitingReplicas } from "../plan/waiting.ts";
import { childKinds, claimTemplateName, type ChildRole } from "../observe/child-kinds.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { gpuMetricOf, serviceSharing } from "../utilization/scaling-metric.ts";
import { allocationInput } from "./allocation-input.ts";
import type { ServiceMemory } from "./memory.ts";
import type { Settings } from "./pass.ts";
import { liveChild, type Snapshot } from "./snapshot.ts";

export interface Desired {
  readonly children: readonly DesiredChild[];
  /** What each pod asks for; of a suspended service, what its pods have asked for. */
  readonly gpus: GpuRequest;
  /** Undefined while the service is suspended, and without GPUs. */
  readonly allocation: AllocationDecision | undefined;
  /** Undefined while the service is suspended. */
  readonly rollout: RolloutDecision | undefined;
  /** When the decision may change although nothing in the cluster does. */
  readonly recheckMs: number | undefined;
  /** A rule or dashboard that the service shares with others does not exist. */
  readonly lacksShared: boolean;
}

interface Times {
  /** In ms since 1970. */
  readonly now: number;
  readonly monotonic: number;
}

export function desired(
  service: EffectiveService,
  snapshot: Snapshot,
  record: Pick<ServiceMemory, "exportsTargetsSince">,
  reading: UtilizationReading,
  settings: Settings,
  { now, monotonic }: Times,
): Desired {
  const { features, stored } = snapshot;
  if (service.suspend) {
    const gpus = gpuRequest(service, stored.status?.gpu?.allocation ?? "ExtendedResource");
    return { children: [], gpus, allocation: undefined, rollout: undefined, recheckMs: undefined, lacksShared: false };
  }
  const { operatorNamespace } = settings;
  const before = stored.status?.rollout;
  const allocation = service.gpu.count === 0 ? undefined : decideAllocation(allocationInput(service, snapshot));
  const request = gpuRequest(service, allocation?.allocation ?? "ExtendedResource");
  const gpus = gpuView(service, request, snapshot.gpus);
  const observed = { deployment: snapshot.children.deployment, pods: snapshot.pods, gpus, now };
  const template = podTemplate(service, { features, gpus: request });
  const rollout = decideRollout({
    strategy: service.rollout.strategy,
    templateHash: digest(template),
    before,
    replicas: snapshot.children.deployment?.spec.replicas ?? 0,
    gpusPerReplica: gpus.perReplica,
    spareReplicas: isUncounted(gpus, snapshot.pods) ? undefined : countGpus(gpus).replicas,
    quota: quotaHeadroom(template as CountedTemplate, gpus, snapshot.quotas),
    waiting: waitingReplicas(observed, before?.waiting ?? 0),
    surgeFailure: surgeFailure(observed),
  });
  const { strategy, waiting = 0 } = rollout;
  const { exportsTargetsSince = monotonic } = record;
  const place = rulesPlace(service, operatorNamespace);
  const sharedRulesSince = snapshot.sharedSince.get(placeKey(place));
  const { ruleLoaders } = snapshot;
  const rule = ownRule({
    exportTargets: snapshot.exportTargets,
    exportedForMs: monotonic - exportsTargetsSince,
    isLive: snapshot.children.prometheusRule !== undefined,
    sharedForMs: sharedRulesSince === undefined ? undefined : now - sharedRulesSince,
    isSharedLoaded:
      ruleLoaders !== undefined && losesSharedRules(ruleLoaders, ruleOf(service), place.namespace) === undefined,
  });
  const left = new Set<ChildRole>();
  if (rule.do === "leave" && service.monitoring.alerts) left.add("prometheusRule");
  // Older operators created a dashboard for each service; it goes when the shared one is there.
  const hasSharedDashboard = snapshot.sharedSince.has(placeKey(dashboardPlace(service, operatorNamespace)));
  const lacksDashboard = service.monitoring.dashboard && !hasSharedDashboard;
  if (lacksDashboard) left.add("dashboard");
  const canHaveRules = service.monitoring.alerts && snapshot.served.has(childKinds.prometheusRule);
  const lacksShared = lacksDashboard || (canHaveRules && sharedRulesSince === undefined);
  const gpuMetric = gpuMetricOf(serviceSharing(service, reading, stored.status?.utilization?.gpuSharing));
  const { liveService } = snapshot.children;
  const context = {
    operatorNamespace,
    features,
    liveAddress: liveAddress(
      service,
      liveService !== undefined && isOwn(service.owner, liveService) ? liveService : undefined,
    ),
    gpuMetric,
    gpus: request,
    rollout: strategy,
    waitingReplicas: waiting,
    exportsTargets: rule.do !== "write",
  };
  const wanted = desiredChildren(service, context).filter(({ role }) => !left.has(role));
  const children = [...wanted, ...obsoleteTemplates(service, wanted, snapshot)];
  const recheckMs = earliest(patienceEndsMs(observed), rule.do === "leave" ? rule.recheckMs : undefined);
  return { children, gpus: request, allocation, rollout, recheckMs, lacksShared };
}

/** The ResourceClaimTemplates of earlier specs that no ReplicaSet needs: a rollout that is undone may use those of the others. */
function obsoleteTemplates(
  { name }: EffectiveService,
  wanted: readonly DesiredChild[],
  { children: { deployment }, claimTemplates, usedClaimTemplates }: Snapshot,
): readonly DesiredChild[] {
  if (usedClaimTemplates === undefined) return [];
  // The ReplicaSet of the last change may not exist yet.
  if (deployment !== undefined && (deployment.status.observedGeneration ?? 0) < deployment.generation) return [];
  const needed = new Set([
    ...wanted.filter(({ role }) => role === "resourceClaimTemplate").map((child) => child.name),
    ...[...usedClaimTemplates].map((hash) => claimTemplateName(name, hash)),
  ]);
  return claimTemplates
    .filter(({ metadata }) => !needed.has(metadata.name))
    .map(({ metadata }) => obsoleteTemplate(metadata.name));
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

export function planChildren(
  service: EffectiveService,
  children: readonly DesiredChild[],
  snapshot: Snapshot,
  { liveChildren, admissions }: Pick<ServiceMemory, "liveChildren" | "admissions">,
): readonly Action[] {
  return children.map((child) => {
    const isServed = !child.kind.optional || snapshot.served.has(child.kind);
    return planChild(service.owner, child, liveChild(snapshot, child), isServed, {
      lost: liveChildren.has(childText(child)),
      admitted: admissions?.get(childText(child)),
    });
  });
}
