/** The children that a service should have now, and how its pods are replaced. Pure. */
import { desiredChildren, type DesiredChild } from "../desired/children.ts";
import { podTemplate } from "../desired/pod-template.ts";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { countGpus, gpuView } from "../plan/gpus.ts";
import { planChild, type Action } from "../plan/plan.ts";
import { decideRollout, type RolloutDecision } from "../plan/rollout.ts";
import type { ServiceMemory } from "./memory.ts";
import type { Settings } from "./pass.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Desired {
  readonly children: readonly DesiredChild[];
  /** Undefined while the service is suspended. */
  readonly rollout: RolloutDecision | undefined;
}

export function desired(service: EffectiveService, snapshot: Snapshot, settings: Settings): Desired {
  if (service.suspend) return { children: [], rollout: undefined };
  const { operatorNamespace, runbookUrl } = settings;
  const { features, stored } = snapshot;
  const rollout = decideRollout({
    strategy: service.rollout.strategy,
    templateHash: digest(podTemplate(service)),
    before: stored.status?.rollout,
    replicas: snapshot.children.deployment?.spec.replicas ?? 0,
    gpusPerReplica: service.gpu.count,
    spareReplicas: countGpus(gpuView(service, snapshot.gpus)).replicas,
  });
  const context = { operatorNamespace, runbookUrl, features, rollout: rollout.strategy };
  return { children: desiredChildren(service, context), rollout };
}

export function planChildren(
  service: EffectiveService,
  children: readonly DesiredChild[],
  snapshot: Snapshot,
  { liveRoles }: Pick<ServiceMemory, "liveRoles">,
): readonly Action[] {
  return children.map((child) => {
    const isServed = !child.kind.optional || snapshot.served.has(child.kind);
    return planChild(service.owner, child, snapshot.children[child.role], isServed, liveRoles.has(child.role));
  });
}
