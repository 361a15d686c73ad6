import { describeChild } from "./child.cases.ts";

describeChild("PodDisruptionBudget", [
  {
    title: "lets one pod go at a time, and broken ones always",
    expected: `
      apiVersion: policy/v1
      kind: PodDisruptionBudget
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
        maxUnavailable: 1
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        unhealthyPodEvictionPolicy: AlwaysAllow
    `,
  },
  {
    title: "is not made when it is off",
    spec: { podDisruptionBudget: { enabled: false } },
    expected: null,
  },
  {
    title: "lets more go where the spec says so",
    spec: { podDisruptionBudget: { maxUnavailable: 3 } },
    expected: `
      apiVersion: policy/v1
      kind: PodDisruptionBudget
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
        maxUnavailable: 3
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        unhealthyPodEvictionPolicy: AlwaysAllow
    `,
  },
]);
