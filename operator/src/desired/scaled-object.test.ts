import { describeChild } from "./child.cases.ts";

describeChild("ScaledObject", [
  {
    title: "scales on CPU and GPU, and holds what is there when blind",
    spec: { autoscaling: { horizontal: { provider: "KEDA" } } },
    expected: `
      apiVersion: keda.sh/v1alpha1
      kind: ScaledObject
      metadata:
        name: upscaler
        namespace: media
        labels:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
          app.kubernetes.io/managed-by: gpumedia-operator
          app.kubernetes.io/part-of: gpumedia
          gpumedia.io/service: upscaler
        ownerReferences:
          - apiVersion: gpumedia.io/v1alpha1
            kind: GpuMediaService
            name: upscaler
            uid: 11111111-2222-3333-4444-555555555555
            controller: true
            blockOwnerDeletion: true
      spec:
        scaleTargetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        minReplicaCount: 2
        maxReplicaCount: 10
        fallback:
          failureThreshold: 3
          replicas: 2
          behavior: currentReplicasIfHigher
        advanced:
          horizontalPodAutoscalerConfig:
            name: keda-hpa-upscaler
            behavior:
              scaleUp:
                stabilizationWindowSeconds: 60
                policies:
                  - type: Percent
                    value: 100
                    periodSeconds: 15
              scaleDown:
                stabilizationWindowSeconds: 300
                policies:
                  - type: Percent
                    value: 10
                    periodSeconds: 60
        triggers:
          - type: cpu
            metricType: Utilization
            metadata:
              value: "60"
          - type: prometheus
            metricType: AverageValue
            metadata:
              serverAddress: http://prometheus-operated.monitoring.svc:9090
              query: sum(avg by (pod)
                (gpumedia_gpu_utilization_percent{namespace="media",pod=~"upscaler-[b-df-hj-np-tv-xz24-9]+-[b-df-hj-np-tv-xz24-9]{5}"}))
              threshold: "70"
              ignoreNullValues: "false"
    `,
  },
  {
    title: "has no fallback on CPU alone, where KEDA forbids it",
    spec: { gpu: { count: 0 }, autoscaling: { horizontal: { provider: "KEDA" } } },
    expected: `
      apiVersion: keda.sh/v1alpha1
      kind: ScaledObject
      metadata:
        name: upscaler
        namespace: media
        labels:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
          app.kubernetes.io/managed-by: gpumedia-operator
          app.kubernetes.io/part-of: gpumedia
          gpumedia.io/service: upscaler
        ownerReferences:
          - apiVersion: gpumedia.io/v1alpha1
            kind: GpuMediaService
            name: upscaler
            uid: 11111111-2222-3333-4444-555555555555
            controller: true
            blockOwnerDeletion: true
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
            behavior:
              scaleUp:
                stabilizationWindowSeconds: 60
                policies:
                  - type: Percent
                    value: 100
                    periodSeconds: 15
              scaleDown:
                stabilizationWindowSeconds: 300
                policies:
                  - type: Percent
                    value: 10
                    periodSeconds: 60
        triggers:
          - type: cpu
            metricType: Utilization
            metadata:
              value: "60"
    `,
  },
  {
    title: "is not made when the HPA scales",
    expected: null,
  },
  {
    title: "is not made when horizontal autoscaling is off",
    spec: { autoscaling: { horizontal: { provider: "KEDA", enabled: false } } },
    expected: null,
  },
]);
