import { describeChild } from "./child.cases.ts";

describeChild("podMonitor", {
  "scrapes the pods' metrics": {
    expected: `
      apiVersion: monitoring.coreos.com/v1
      kind: PodMonitor
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
  "has the spec's interval, and its labels beside ours": {
    spec: { monitoring: { scrapeInterval: "1m", labels: { release: "prometheus", "gpumedia.io/service": "other" } } },
    expected: `
      apiVersion: monitoring.coreos.com/v1
      kind: PodMonitor
      metadata:
        labels:
          release: prometheus
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
  "is not created when it is off": { spec: { monitoring: { podMonitor: false } }, expected: null },
});
