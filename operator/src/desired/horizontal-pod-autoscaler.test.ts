import { describeChild } from "./child.cases.ts";
import { guideBehavior } from "./service.sample.ts";

/** The guide's HorizontalPodAutoscaler, which knows no GPU metric. */
const onCpu = `
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      spec:
        scaleTargetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        minReplicas: 2
        maxReplicas: 10
        metrics:
          - type: ContainerResource
            containerResource:
              name: cpu
              container: gpu-media
              target:
                type: Utilization
                averageUtilization: 60
        behavior: ${JSON.stringify(guideBehavior)}
    `;

describeChild("horizontalPodAutoscaler", {
  "has the guide's values where the GPU metric is not served": { features: { gpuPodMetric: false }, expected: onCpu },
  "scales on GPU utilization where it is served, with the spec's behaviour": {
    spec: {
      autoscaling: {
        horizontal: {
          minReplicas: 1,
          maxReplicas: 3,
          cpuUtilizationPercent: 0,
          behavior: { scaleDown: { selectPolicy: "Disabled" } },
        },
      },
    },
    expected: `
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      spec:
        scaleTargetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        minReplicas: 1
        maxReplicas: 3
        metrics:
          - type: Pods
            pods:
              metric:
                name: gpumedia_gpu_utilization_percent
              target:
                type: AverageValue
                averageValue: "70"
        behavior: ${JSON.stringify({ ...guideBehavior, scaleDown: { ...guideBehavior.scaleDown, selectPolicy: "Disabled" } })}
    `,
  },
  "scales on the busy share of the workers where the GPUs' utilization is not the service's own": {
    gpuMetric: "Busy",
    expected: onCpu.replace(
      "behavior:",
      `  - type: Pods
            pods:
              metric:
                name: gpumedia_busy_percent
              target:
                type: AverageValue
                averageValue: "70"
        behavior:`,
    ),
  },
  "has the guide's values where another provider serves only GPU utilization, and that of a neighbour would count": {
    gpuMetric: "Busy",
    features: { busyPodMetric: false },
    expected: onCpu,
  },
  "scales on sessions and dropped frames of live video": {
    spec: { live: { enabled: true, limits: { sessions: 5 } }, gpu: { count: 0 } },
    expected: onCpu.replace(
      "behavior:",
      `  - type: Pods
            pods:
              metric:
                name: gpumedia_live_sessions
              target:
                type: AverageValue
                averageValue: 3750m
          - type: Pods
            pods:
              metric:
                name: gpumedia_live_dropped_percent
              target:
                type: AverageValue
                averageValue: "5"
        behavior:`,
    ),
  },
  "scales live video on dropped frames alone": {
    spec: {
      live: { enabled: true },
      gpu: { count: 0 },
      autoscaling: { horizontal: { liveSessionsPercent: 0, droppedFramesPercent: 2 } },
    },
    expected: onCpu.replace(
      "behavior:",
      `  - type: Pods
            pods:
              metric:
                name: gpumedia_live_dropped_percent
              target:
                type: AverageValue
                averageValue: "2"
        behavior:`,
    ),
  },
  "has the guide's values where the metrics of live video are not served": {
    spec: { live: { enabled: true }, gpu: { count: 0 } },
    features: { livePodMetrics: false },
    expected: onCpu,
  },
  "does not scale a service without GPUs on GPU utilization": { spec: { gpu: { count: 0 } }, expected: onCpu },
  "is not created when horizontal autoscaling is off": {
    spec: { autoscaling: { horizontal: { enabled: false } } },
    expected: null,
  },
  "is not created when KEDA scales": { spec: { autoscaling: { horizontal: { provider: "KEDA" } } }, expected: null },
});
