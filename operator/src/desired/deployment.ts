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
export function deployment(service: EffectiveService, rollout: Rollout): Manifest & { readonly spec: object } {
  const replicas = heldReplicas(service);
  return child(service, "deployment", {
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: selectorLabels(service) },
      strategy: strategies[effectiveRollout(service, rollout)],
      progressDeadlineSeconds: imagePullSeconds + startBudgetSeconds,
      revisionHistoryLimit: 3,
      template: podTemplate(service),
    },
  });
}

/** The manifest to create, with initial replicas; undefined where it equals `applied`. */
export function initialDeployment(
  service: EffectiveService,
  applied: ReturnType<typeof deployment>,
): Manifest | undefined {
  if (heldReplicas(service) !== undefined) return undefined;
  return { ...applied, spec: { replicas: smallestReplicas(service), ...applied.spec } } as Manifest;
}

function effectiveRollout(service: EffectiveService, decided: Rollout): Rollout {
  return service.rollout.strategy === "Auto" ? decided : service.rollout.strategy;
}

const strategies: Readonly<Record<Rollout, object>> = {
  Surge: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
  InPlace: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  Recreate: { type: "Recreate" },
};
