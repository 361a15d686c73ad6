import { describeChild } from "./child.cases.ts";

describeChild("HorizontalPodAutoscaler", [
  {
    title: "is the guide's where the GPU metric is not served",
    features: { gpuPodMetric: false, inPlaceVpa: true, resourceMetrics: true },
    expected: `
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
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
        minReplicas: 2
        maxReplicas: 10
        metrics:
          - type: Resource
            resource:
              name: cpu
              target:
                type: Utilization
                averageUtilization: 60
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
    `,
  },
  {
    title: "also scales on GPU utilization where it is served, with its own behaviour",
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
            selectPolicy: Disabled
    `,
  },
  {
    title: "does not scale a service without GPUs on them",
    spec: { gpu: { count: 0 } },
    expected: `
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
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
        minReplicas: 2
        maxReplicas: 10
        metrics:
          - type: Resource
            resource:
              name: cpu
              target:
                type: Utilization
                averageUtilization: 60
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
    `,
  },
  {
    title: "is not made when horizontal autoscaling is off",
    spec: { autoscaling: { horizontal: { enabled: false } } },
    expected: null,
  },
  {
    title: "is not made when KEDA scales",
    spec: { autoscaling: { horizontal: { provider: "KEDA" } } },
    expected: null,
  },
]);
