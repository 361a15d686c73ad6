import assert from "node:assert/strict";
import { scrapeConfigs } from "./prometheus.ts";

describe("the scrape configuration of a PodMonitor", () => {
  it("selects pods by labels and port, and adds the labels of prometheus-operator", () => {
    const monitor = {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { name: "upscaler", namespace: "media" },
      spec: {
        selector: { matchLabels: { "app.kubernetes.io/instance": "a.b" } },
        podMetricsEndpoints: [{ port: "http", interval: "5s" }],
      },
    };
    assert.deepEqual(scrapeConfigs(monitor, "/k"), [
      {
        job_name: "podMonitor/media/upscaler/0",
        metrics_path: "/metrics",
        scrape_interval: "5s",
        scrape_timeout: "5s",
        kubernetes_sd_configs: [{ role: "pod", kubeconfig_file: "/k", namespaces: { names: ["media"] } }],
        relabel_configs: [
          {
            action: "keep",
            source_labels: ["__meta_kubernetes_pod_label_app_kubernetes_io_instance"],
            regex: "a\\.b",
          },
          { action: "keep", source_labels: ["__meta_kubernetes_pod_container_port_name"], regex: "http" },
          { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
          { source_labels: ["__meta_kubernetes_pod_name"], target_label: "pod" },
          { source_labels: ["__meta_kubernetes_pod_container_name"], target_label: "container" },
        ],
      },
    ]);
  });
});
