/** The children that a service should have now, and how its pods are to be replaced. */
import { desiredChildren, type DesiredChild } from "../desired/children.ts";
import { childKinds } from "../observe/child-kinds.ts";
import { digest } from "../kube/digest.ts";
import type { Manifest } from "../kube/object.ts";
import type { Snapshot } from "../observe/gather.ts";
import type { EffectiveService } from "../effective/service.ts";
import { decideRollout, type RolloutDecision } from "../plan/rollout.ts";
import { countGpus, gpuView } from "../plan/gpus.ts";
import type { Pass } from "./pass.ts";

export interface Desired {
  readonly children: readonly DesiredChild[];
  readonly rollout: RolloutDecision | undefined;
}

export function desired(service: EffectiveService, snapshot: Snapshot, { cache, surroundings }: Pass): Desired {
  if (service.suspend) return { children: [], rollout: undefined };
  const around = surroundings();
  // The pod template does not depend on how pods are replaced; how they are replaced depends on whether it changed.
  const surging = desiredChildren(service, { ...around, rollout: "Surge" });
  const deployment = surging.find(({ kind }) => kind === childKinds.deployment);
  const gpus = gpuView(service, cache.gpuSnapshot());
  const rollout = decideRollout({
    wanted: service.rollout.strategy,
    templateHash: templateHash(deployment?.manifest),
    before: snapshot.service.status?.rollout,
    replicas: (deployment && snapshot.live(deployment)?.spec.replicas) ?? 0,
    gpusPerReplica: service.gpu.count,
    roomFor: countGpus(gpus).replicas,
  });
  const children =
    rollout.strategy === "Surge" ? surging : desiredChildren(service, { ...around, rollout: rollout.strategy });
  return { children, rollout };
}

function templateHash(
  deployment: (Manifest & { readonly spec?: { readonly template?: unknown } }) | null | undefined,
): string {
  return digest(deployment?.spec?.template);
}
