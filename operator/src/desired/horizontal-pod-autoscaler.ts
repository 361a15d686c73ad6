/** HorizontalPodAutoscaler (autoscaling/v2) of a service. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { containerName } from "../observe/names.ts";
import { child, deploymentRef } from "./child.ts";
import type { ChildContext } from "./context.ts";
import { gpuMetricNames, isServed } from "./gpu-metric.ts";
import { liveTargets } from "./live-targets.ts";
import { scalingBehavior } from "./scaling-behavior.ts";

type Context = Pick<ChildContext, "features" | "gpuMetric">;

/**
 * Null while KEDA scales or nothing does. Includes the GPU metric only where it is served: an autoscaler never scales down
 * with a metric that it cannot read. Without any metric, the API server's default is 80 % of the CPU.
 */
export function horizontalPodAutoscaler(service: EffectiveService, context: Context): Manifest | null {
  const { horizontal } = service.autoscaling;
  if (!horizontal.enabled || horizontal.provider !== "HPA") return null;
  const metrics = [...cpuMetric(service), ...gpuMetric(service, context), ...liveMetrics(service, context)];
  return child(service, "horizontalPodAutoscaler", {
    spec: {
      scaleTargetRef: deploymentRef(service),
      minReplicas: horizontal.minReplicas,
      maxReplicas: horizontal.maxReplicas,
      ...(metrics.length === 0 ? {} : { metrics }),
      behavior: scalingBehavior(service),
    },
  });
}

function cpuMetric(service: EffectiveService): readonly object[] {
  const averageUtilization = service.autoscaling.horizontal.cpuUtilizationPercent;
  if (averageUtilization === 0) return [];
  // Of the processor alone: the HPA cannot compute the pod's utilization once a sidecar without a CPU request is injected.
  const target = { type: "Utilization", averageUtilization };
  return [{ type: "ContainerResource", containerResource: { name: "cpu", container: containerName, target } }];
}

function gpuMetric(service: EffectiveService, { features, gpuMetric: metric }: Context): readonly object[] {
  const { gpuUtilizationPercent } = service.autoscaling.horizontal;
  if (gpuUtilizationPercent === 0 || service.gpu.count === 0 || !isServed(metric, features)) return [];
  const target = { type: "AverageValue", averageValue: String(gpuUtilizationPercent) };
  return [{ type: "Pods", pods: { metric: { name: gpuMetricNames[metric] }, target } }];
}

function liveMetrics(service: EffectiveService, { features }: Context): readonly object[] {
  if (!features.livePodMetrics) return [];
  return liveTargets(service).map(({ metric, target }) => ({
    type: "Pods",
    pods: { metric: { name: metric }, target: { type: "AverageValue", averageValue: target } },
  }));
}
