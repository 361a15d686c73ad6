/** VerticalPodAutoscaler of a service: the requests of its pods follow their use. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";
import { containerName } from "../observe/names.ts";
import type { ClusterFeatures } from "./context.ts";
import { isAutoscaled, smallestReplicas } from "./replicas.ts";
import { deploymentRef } from "./target.ts";
import { unlessEmpty } from "./canonical.ts";

export function verticalPodAutoscaler(service: EffectiveService, features: ClusterFeatures): Manifest | null {
  const { vertical } = service.autoscaling;
  const controlledResources = vertical.controlledResources.filter((name) => name !== "cpu" || !scalesOnCpu(service));
  if (!vertical.enabled || controlledResources.length === 0) return null;
  return child(service, "verticalPodAutoscaler", {
    spec: {
      targetRef: deploymentRef(service),
      updatePolicy: {
        updateMode: updateMode(vertical.mode, features),
        // The updater leaves a Deployment of fewer than two pods alone unless told that one is meant.
        ...(smallestReplicas(service) < 2 ? { minReplicas: 1 } : {}),
      },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName,
            maxAllowed: vertical.maxAllowed,
            ...unlessEmpty("minAllowed", vertical.minAllowed),
            controlledResources,
            // With the default the limits would grow in proportion: past the memory that the guide allows.
            controlledValues: "RequestsOnly",
          },
        ],
      },
    },
  });
}

/** Two autoscalers on one resource chase each other: less CPU requested is more of it used, in percent. */
function scalesOnCpu(service: EffectiveService): boolean {
  return isAutoscaled(service) && service.autoscaling.horizontal.cpuUtilizationPercent > 0;
}

type VpaMode = EffectiveService["autoscaling"]["vertical"]["mode"];

/** `Auto` is deprecated and has always meant Recreate. What the guide wants of it is in place where the cluster can. */
function updateMode(mode: VpaMode, features: ClusterFeatures): Exclude<VpaMode, "Auto"> {
  switch (mode) {
    case "Auto":
    case "InPlaceOrRecreate":
      return features.inPlaceVpa ? "InPlaceOrRecreate" : "Recreate";
    case "Off":
    case "Initial":
    case "Recreate":
      return mode;
  }
}
