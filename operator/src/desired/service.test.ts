import { describeChild } from "./child.cases.ts";

describeChild("Service", [
  {
    title: "leads from port 80 to the pods",
    expected: `
      apiVersion: v1
      kind: Service
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
        type: ClusterIP
        selector:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
        ports:
          - name: http
            port: 80
            protocol: TCP
            targetPort: http
    `,
  },
]);
