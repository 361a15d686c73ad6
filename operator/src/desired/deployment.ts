/** Deployment of a service. */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, selectorLabels, withLabels } from "./child.ts";
import type { ChildContext } from "./context.ts";
import { podTemplate } from "./pod-template.ts";
import { heldReplicas, smallestReplicas } from "./replicas.ts";

/** Pulling the image with CUDA, some GiB, precedes the start budget. In seconds. */
const imagePullSeconds = 600;

/**
 * Without `replicas` while an autoscaler owns them: an apply would fight with it, and dropping an owned field resets it to
 * 1. Also without them where the spec sets none: an autoscaler that is switched off at 7 leaves 7, not a default.
 */
export function deployment(
  service: EffectiveService,
  context: Pick<ChildContext, "rollout" | "waitingReplicas" | "features" | "gpus">,
): Manifest & { readonly spec: object } {
  const replicas = heldReplicas(service);
  const { labels, annotations } = service.deploymentMetadata;
  const body = {
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: selectorLabels(service) },
      strategy: strategy(service, context),
      progressDeadlineSeconds: imagePullSeconds + durationSeconds(service.probes.startup.budget),
      revisionHistoryLimit: 3,
      template: podTemplate(service, context),
    },
  };
  return withLabels(
    child(service, "deployment", body, Object.keys(annotations).length === 0 ? undefined : annotations),
    labels,
  );
}

/** The manifest to create, with initial replicas; undefined where it equals `applied`. */
export function initialDeployment(
  service: EffectiveService,
  applied: ReturnType<typeof deployment>,
): Manifest | undefined {
  if (heldReplicas(service) !== undefined) return undefined;
  return { ...applied, spec: { replicas: smallestReplicas(service), ...applied.spec } } as Manifest;
}

/** The replicas that have no room are unavailable in any case: `maxUnavailable` includes them, or no pod would be replaced. */
function strategy(
  service: EffectiveService,
  { rollout, waitingReplicas }: Pick<ChildContext, "rollout" | "waitingReplicas">,
): object {
  const decided = service.rollout.strategy === "Auto" ? rollout : service.rollout.strategy;
  switch (decided) {
    case "Surge":
      return { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: waitingReplicas } };
    case "InPlace":
      return { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 + waitingReplicas } };
    case "Recreate":
      return { type: "Recreate" };
  }
}
