import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { viewPrometheus } from "./prometheus-view.ts";

describe("the view of a Prometheus", () => {
  it("has the selectors of rules and PodMonitors, and keeps those that are not set apart from empty ones", () => {
    const metadata = { name: "k8s", namespace: "monitoring", uid: "u", resourceVersion: "7", creationTimestamp: "" };
    const release = { matchLabels: { release: "stack" } };
    const spec = { ruleSelector: release, ruleNamespaceSelector: {}, podMonitorSelector: {}, replicas: 2 };
    const object = { apiVersion: "monitoring.coreos.com/v1", kind: "Prometheus", metadata, spec, status: {} };
    assert.deepEqual(viewPrometheus(object as KubeObject), {
      kind: "Prometheus",
      key: "monitoring/k8s",
      isEnforced: false,
      rules: { labels: release, namespaces: {} },
      podMonitors: { labels: {}, namespaces: undefined },
    });
  });
});
