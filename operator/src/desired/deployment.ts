/** Deployment of a service. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, selectorLabels } from "./child.ts";
import { startBudgetSeconds } from "./container.ts";
import type { Rollout } from "./context.ts";
import { podTemplate } from "./pod-template.ts";
import { heldReplicas, smallestReplicas } from "./replicas.ts";

/** Pulling the image with CUDA, some GiB, precedes the start budget. In seconds. */
const imagePullSeconds = 600;

/**
 * Without `replicas` while an autoscaler owns them: an apply would fight with it, and dropping an owned field resets it to
 * 1. Also without them where the spec sets none: an autoscaler that is switched off at 7 leaves 7, not a default.
 */
export function deployment(service: EffectiveService, rollout: Rollout, configChecksum: string): Manifest {
  const replicas = heldReplicas(service);
  return render(service, rollout, configChecksum, replicas === undefined ? {} : { replicas });
}

/** The manifest to create, with initial replicas; undefined where it equals `deployment`. */
export function initialDeployment(
  service: EffectiveService,
  rollout: Rollout,
  configChecksum: string,
): Manifest | undefined {
  if (heldReplicas(service) !== undefined) return undefined;
  return render(service, rollout, configChecksum, { replicas: smallestReplicas(service) });
}

function render(service: EffectiveService, rollout: Rollout, configChecksum: string, replicas: object): Manifest {
  return child(service, "deployment", {
    spec: {
      ...replicas,
      selector: { matchLabels: selectorLabels(service) },
      strategy: strategies[effectiveRollout(service, rollout)],
      progressDeadlineSeconds: imagePullSeconds + startBudgetSeconds,
      revisionHistoryLimit: 3,
      template: podTemplate(service, configChecksum),
    },
  });
}

/** The Deployment with another strategy than it was rendered with. */
export function withStrategy<Deployment extends Manifest & { readonly spec?: object }>(
  deployment: Deployment,
  rollout: Rollout,
): Deployment {
  return { ...deployment, spec: { ...deployment.spec, strategy: strategies[rollout] } };
}

function effectiveRollout(service: EffectiveService, decided: Rollout): Rollout {
  return service.rollout.strategy === "Auto" ? decided : service.rollout.strategy;
}

const strategies: Readonly<Record<Rollout, object>> = {
  Surge: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
  InPlace: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  Recreate: { type: "Recreate" },
};
