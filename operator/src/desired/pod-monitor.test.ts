import { describeChild } from "./child.cases.ts";

describeChild("PodMonitor", [
  {
    title: "scrapes the pods' metrics",
    expected: `
      apiVersion: monitoring.coreos.com/v1
      kind: PodMonitor
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
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        podMetricsEndpoints:
          - port: http
            path: /metrics
            interval: 15s
    `,
  },
  {
    title: "has an own interval, and labels beside ours",
    spec: { monitoring: { scrapeInterval: "1m", labels: { release: "prometheus", "gpumedia.io/service": "other" } } },
    expected: `
      apiVersion: monitoring.coreos.com/v1
      kind: PodMonitor
      metadata:
        name: upscaler
        namespace: media
        labels:
          release: prometheus
          gpumedia.io/service: upscaler
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
          app.kubernetes.io/managed-by: gpumedia-operator
          app.kubernetes.io/part-of: gpumedia
        ownerReferences:
          - apiVersion: gpumedia.io/v1alpha1
            kind: GpuMediaService
            name: upscaler
            uid: 11111111-2222-3333-4444-555555555555
            controller: true
            blockOwnerDeletion: true
      spec:
        selector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        podMetricsEndpoints:
          - port: http
            path: /metrics
            interval: 60s
    `,
  },
  {
    title: "is not made when it is off",
    spec: { monitoring: { podMonitor: false } },
    expected: null,
  },
]);
