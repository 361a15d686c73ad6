/** ScaledObject of a service: KEDA scales it on Prometheus, without the custom metrics API that an HPA needs. */
import { quantityValue } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { containerName } from "../observe/names.ts";
import { child, deploymentRef } from "./child.ts";
import type { GpuMetric } from "./context.ts";
import { gpuMetricNames } from "./gpu-metric.ts";
import { liveTargets } from "./live-targets.ts";
import { podPattern } from "./promql.ts";
import { scalingBehavior } from "./scaling-behavior.ts";

/** Consecutive failed reads before the fallback: its HPA's, of which there is one in 15 s by default, count beside the polls. */
const failuresUntilFallback = 3;

/** Null while an HPA scales, nothing does, or no trigger is left: KEDA rejects an empty list. */
export function scaledObject(service: EffectiveService, gpuMetric: GpuMetric): Manifest | null {
  const { horizontal } = service.autoscaling;
  const triggers = [...cpuTrigger(service), ...gpuTrigger(service, gpuMetric), ...liveTriggers(service)];
  if (!horizontal.enabled || horizontal.provider !== "KEDA" || triggers.length === 0) return null;
  return child(service, "scaledObject", {
    spec: {
      scaleTargetRef: deploymentRef(service),
      minReplicaCount: horizontal.minReplicas,
      maxReplicaCount: horizontal.maxReplicas,
      ...fallback(service, gpuMetric),
      advanced: {
        horizontalPodAutoscalerConfig: { name: kedaAutoscalerName(service), behavior: scalingBehavior(service) },
      },
      triggers,
    },
  });
}

/** Not the service's name: our own HPA of that name may still exist when KEDA creates its HPA. */
function kedaAutoscalerName(service: EffectiveService): string {
  return `keda-hpa-${service.name}`;
}

function cpuTrigger(service: EffectiveService): readonly object[] {
  const { cpuUtilizationPercent } = service.autoscaling.horizontal;
  if (cpuUtilizationPercent === 0) return [];
  // Of the processor alone, as in the HorizontalPodAutoscaler.
  const metadata = { value: String(cpuUtilizationPercent), containerName };
  return [{ type: "cpu", metricType: "Utilization", metadata }];
}

/**
 * Scales on the processor's own metric. `ignoreNullValues: "false"` makes a missing series an error: KEDA's default reads
 * it as 0 and would scale in busy GPUs.
 */
function gpuTrigger(service: EffectiveService, gpuMetric: GpuMetric): readonly object[] {
  const { gpuUtilizationPercent } = service.autoscaling.horizontal;
  if (gpuUtilizationPercent === 0 || service.gpu.count === 0) return [];
  return [prometheusTrigger(service, "pod", gpuMetricNames[gpuMetric], gpuUtilizationPercent)];
}

/** The series of sessions are by pod and kind. KEDA reads thresholds as numbers, not as quantities. */
function liveTriggers(service: EffectiveService): readonly object[] {
  return liveTargets(service).map(({ metric, target }) =>
    prometheusTrigger(service, "pod, kind", metric, quantityValue(target)),
  );
}

function prometheusTrigger(service: EffectiveService, by: string, metric: string, threshold: number): object {
  const selector = `namespace="${service.namespace}",pod=~"${podPattern(service)}"`;
  return {
    type: "prometheus",
    metricType: "AverageValue",
    metadata: {
      serverAddress: service.autoscaling.horizontal.prometheusAddress,
      // Summed over pods: `AverageValue` divides by their number.
      query: `sum(avg by (${by}) (${metric}{${selector}}))`,
      threshold: String(threshold),
      ignoreNullValues: "false",
    },
  };
}

/** Without metrics, KEDA keeps the current replicas, or at least the minimum. It requires a trigger other than cpu. */
function fallback(service: EffectiveService, gpuMetric: GpuMetric): object {
  if (gpuTrigger(service, gpuMetric).length + liveTriggers(service).length === 0) return {};
  return {
    fallback: {
      failureThreshold: failuresUntilFallback,
      replicas: service.autoscaling.horizontal.minReplicas,
      behavior: "currentReplicasIfHigher",
    },
  };
}
