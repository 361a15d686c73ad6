import { describeChild } from "./child.cases.ts";

describeChild("VerticalPodAutoscaler", [
  {
    title: "sizes memory in place where the cluster can",
    expected: `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      metadata:
        name: upscaler-vpa
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
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy:
          updateMode: InPlaceOrRecreate
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              controlledResources:
                - memory
              controlledValues: RequestsOnly
    `,
  },
  {
    title: "recreates pods where the cluster cannot resize them",
    features: { gpuPodMetric: true, inPlaceVpa: false, resourceMetrics: true },
    expected: `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      metadata:
        name: upscaler-vpa
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
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy:
          updateMode: Recreate
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              controlledResources:
                - memory
              controlledValues: RequestsOnly
    `,
  },
  {
    title: "sizes CPU, too, and a single replica, while nothing scales on CPU",
    spec: {
      replicas: 1,
      autoscaling: {
        horizontal: { enabled: false },
        vertical: { mode: "Initial", minAllowed: { memory: "1Gi" }, controlledResources: ["cpu", "memory"] },
      },
    },
    expected: `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      metadata:
        name: upscaler-vpa
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
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy:
          updateMode: Initial
          minReplicas: 1
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              minAllowed:
                memory: 1Gi
              controlledResources:
                - cpu
                - memory
              controlledValues: RequestsOnly
    `,
  },
  {
    title: "leaves CPU alone while the HPA scales on it",
    spec: { autoscaling: { vertical: { mode: "Off", controlledResources: ["cpu", "memory"] } } },
    expected: `
      apiVersion: autoscaling.k8s.io/v1
      kind: VerticalPodAutoscaler
      metadata:
        name: upscaler-vpa
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
        targetRef:
          apiVersion: apps/v1
          kind: Deployment
          name: upscaler
        updatePolicy:
          updateMode: Off
        resourcePolicy:
          containerPolicies:
            - containerName: gpu-media
              maxAllowed:
                cpu: "4"
                memory: 8Gi
              controlledResources:
                - memory
              controlledValues: RequestsOnly
    `,
  },
  {
    title: "is not made when it is off",
    spec: { autoscaling: { vertical: { enabled: false } } },
    expected: null,
  },
]);
