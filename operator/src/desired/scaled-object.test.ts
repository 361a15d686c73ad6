import { describeChild } from "./child.cases.ts";
import { guideBehavior } from "./service.sample.ts";

const onCpu = `
      apiVersion: keda.sh/v1alpha1
      kind: ScaledObject
      spec:
        scaleTargetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        minReplicaCount: 2
        maxReplicaCount: 10
        advanced:
          horizontalPodAutoscalerConfig:
            name: keda-hpa-upscaler
            behavior: ${JSON.stringify(guideBehavior)}
        triggers:
          - type: cpu
            metricType: Utilization
            metadata:
              value: "60"
              containerName: gpu-media`;

const onCpuAnd = (series: string): string => `${onCpu}
          - type: prometheus
            metricType: AverageValue
            metadata:
              serverAddress: http://prometheus-operated.monitoring.svc:9090
              query: sum(avg by (pod)
                (${series}{namespace="media",pod=~"upscaler-[b-df-hj-np-tv-xz24-9]+-[b-df-hj-np-tv-xz24-9]{5}"}))
              threshold: "70"
              ignoreNullValues: "false"
        fallback:
          failureThreshold: 3
          replicas: 2
          behavior: currentReplicasIfHigher
    `;

describeChild("scaledObject", {
  "scales on CPU and GPU, and keeps the replicas when the metrics are missing": {
    spec: { autoscaling: { horizontal: { provider: "KEDA" } } },
    expected: onCpuAnd("gpumedia_gpu_utilization_percent"),
  },
  "scales on the busy share of the workers where the GPUs' utilization is not the service's own": {
    spec: { autoscaling: { horizontal: { provider: "KEDA" } } },
    gpuMetric: "Busy",
    expected: onCpuAnd("gpumedia_busy_percent"),
  },
  "scales on sessions and dropped frames of live video": {
    spec: {
      gpu: { count: 0 },
      live: { enabled: true, limits: { sessions: 5 } },
      autoscaling: { horizontal: { provider: "KEDA" } },
    },
    expected: onCpuAnd("gpumedia_live_sessions")
      .replace("avg by (pod)", "avg by (pod, kind)")
      .replace('threshold: "70"', 'threshold: "3.75"')
      .replace(
        "        fallback:",
        `          - type: prometheus
            metricType: AverageValue
            metadata:
              serverAddress: http://prometheus-operated.monitoring.svc:9090
              query: sum(avg by (pod, kind)
                (gpumedia_live_dropped_percent{namespace="media",pod=~"upscaler-[b-df-hj-np-tv-xz24-9]+-[b-df-hj-np-tv-xz24-9]{5}"}))
              threshold: "5"
              ignoreNullValues: "false"
        fallback:`,
      ),
  },
  "has no fallback on CPU alone, where KEDA forbids it": {
    spec: { gpu: { count: 0 }, autoscaling: { horizontal: { provider: "KEDA" } } },
    expected: onCpu,
  },
  "is not created when an HPA scales": { expected: null },
  "is not created when horizontal autoscaling is off": {
    spec: { autoscaling: { horizontal: { provider: "KEDA", enabled: false } } },
    expected: null,
  },
});
