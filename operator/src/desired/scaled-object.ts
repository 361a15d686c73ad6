/** ScaledObject of a service: KEDA scales it on Prometheus, without the custom metrics API that the HPA would need. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";
import { podPattern } from "./promql.ts";

/** KEDA gives up on a trigger after so many failed polls in a row: 90 s at its default of one in 30 s. */
const failuresUntilFallback = 3;

/** Null while an HPA scales, or nothing does, or the spec leaves nothing to scale on: KEDA refuses an empty list. */
export function scaledObject(service: EffectiveService): Manifest | null {
  const { horizontal } = service.autoscaling;
  const triggers = [...cpuTrigger(service), ...gpuTrigger(service)];
  if (!horizontal.enabled || horizontal.provider !== "KEDA" || triggers.length === 0) return null;
  return child(service, "scaledObject", {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: service.name },
      minReplicaCount: horizontal.minReplicas,
      maxReplicaCount: horizontal.maxReplicas,
      ...fallback(service),
      advanced: {
        horizontalPodAutoscalerConfig: { name: kedaAutoscalerName(service), behavior: horizontal.behavior },
      },
      triggers,
    },
  });
}

/** Not the service's own name: our own HPA of that name may still be there when KEDA makes its. */
export function kedaAutoscalerName(service: EffectiveService): string {
  return `keda-hpa-${service.name}`;
}

function cpuTrigger(service: EffectiveService): readonly object[] {
  const { cpuUtilizationPercent } = service.autoscaling.horizontal;
  if (cpuUtilizationPercent === 0) return [];
  return [{ type: "cpu", metricType: "Utilization", metadata: { value: String(cpuUtilizationPercent) } }];
}

/**
 * The processor's own figure. `ignoreNullValues: "false"` makes a series that vanished an error: KEDA's default takes
 * it for 0 and would scale busy GPUs away.
 */
function gpuTrigger(service: EffectiveService): readonly object[] {
  const { gpuUtilizationPercent, prometheusAddress } = service.autoscaling.horizontal;
  if (gpuUtilizationPercent === 0 || service.gpu.count === 0) return [];
  const selector = `namespace="${service.namespace}",pod=~"${podPattern(service)}"`;
  return [
    {
      type: "prometheus",
      metricType: "AverageValue",
      metadata: {
        serverAddress: prometheusAddress,
        // Summed over pods: `AverageValue` divides by their number.
        query: `sum(avg by (pod) (gpumedia_gpu_utilization_percent{${selector}}))`,
        threshold: String(gpuUtilizationPercent),
        ignoreNullValues: "false",
      },
    },
  ];
}

/** Blind, it holds what is there, and at least the fewest. KEDA allows it only beside a trigger other than cpu. */
function fallback(service: EffectiveService): object {
  if (gpuTrigger(service).length === 0) return {};
  return {
    fallback: {
      failureThreshold: failuresUntilFallback,
      replicas: service.autoscaling.horizontal.minReplicas,
      behavior: "currentReplicasIfHigher",
    },
  };
}
