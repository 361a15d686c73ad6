import { describeChild } from "./child.cases.ts";

describeChild("ServiceAccount", [
  {
    title: "has no token in pods",
    expected: `
      apiVersion: v1
      kind: ServiceAccount
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
      automountServiceAccountToken: false
    `,
  },
  {
    title: "is not made where the spec names one",
    spec: { serviceAccountName: "existing" },
    expected: null,
  },
]);
