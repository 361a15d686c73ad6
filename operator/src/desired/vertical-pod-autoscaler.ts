/** VerticalPodAutoscaler of a service: adjusts the requests of its pods to their usage. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, deploymentRef } from "./child.ts";
import { containerName } from "../observe/names.ts";
import type { ClusterFeatures } from "./context.ts";
import { isAutoscaled, smallestReplicas } from "./replicas.ts";
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
        // By default, the updater ignores a Deployment with fewer than two pods.
        ...(smallestReplicas(service) < 2 ? { minReplicas: 1 } : {}),
      },
      resourcePolicy: {
        containerPolicies: [
          {
            containerName,
            maxAllowed: vertical.maxAllowed,
            ...unlessEmpty("minAllowed", vertical.minAllowed),
            controlledResources,
            // By default, limits grow in proportion, beyond the memory that the guide allows.
            controlledValues: "RequestsOnly",
          },
          // By default, the updater also evicts a pod to resize a sidecar.
          { containerName: "*", mode: "Off" },
        ],
      },
    },
  });
}

/** Two autoscalers on one resource chase each other: a lower CPU request raises the utilization in percent. */
function scalesOnCpu(service: EffectiveService): boolean {
  return isAutoscaled(service) && service.autoscaling.horizontal.cpuUtilizationPercent > 0;
}

type VpaMode = EffectiveService["autoscaling"]["vertical"]["mode"];

/** `Auto` is deprecated and means Recreate. The guide intends a resize in place, where the cluster supports it. */
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
