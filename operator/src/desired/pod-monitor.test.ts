import { describeChild } from "./child.cases.ts";

const scrapes = (interval: string): string => `
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
            interval: ${interval}
    `;

describeChild("podMonitor", {
  "scrapes the pods' metrics": { expected: scrapes("15s") },
  "has the spec's interval, and its labels beside ours": {
    spec: { monitoring: { scrapeInterval: "1m", labels: { release: "prometheus", "gpumedia.io/service": "other" } } },
    expected: `${scrapes("60s")}
      metadata:
        labels:
          release: prometheus
    `,
  },
  "is not created when it is off": { spec: { monitoring: { podMonitor: false } }, expected: null },
});
