import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { Manifest } from "../kube/object.ts";
import { sampleService } from "./service.sample.ts";
import { sharedMonitoring } from "./shared-monitoring.ts";
import { sharedRuleGroups } from "./shared-rules.ts";

const context = { operatorNamespace: "gpumedia-system", namespaces: [], runbookUrl: "https://example.com/alerts" };

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
}
type Rules = Manifest & { readonly spec: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } };

const titles = (manifests: readonly Manifest[]): readonly string[] =>
  manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);

const monitored = (
  monitoring: NonNullable<GpuMediaServiceSpec["monitoring"]>,
  name = "upscaler",
  namespace = "media",
) => sampleService({ monitoring }, name, namespace);

const rules = (manifest: Manifest | undefined): readonly Rule[] =>
  (manifest as Rules).spec.groups.flatMap((group) => group.rules);

/** e2e/specs/prometheus-rules.spec.ts tests the results of the rules with Prometheus itself. */
describe("the rules and dashboards that services share", () => {
  const cases: Readonly<
    Record<string, { services: readonly ReturnType<typeof sampleService>[]; expected: readonly string[] }>
  > = {
    "are one of each for all services": {
      services: [sampleService(), sampleService({}, "other"), sampleService({}, "upscaler", "team")],
      expected: [
        "PrometheusRule gpumedia-system/gpumedia-services",
        "ConfigMap gpumedia-system/gpumedia-services-dashboard",
      ],
    },
    "do not exist without a service": { services: [], expected: [] },
    "do not exist if every service switches them off": {
      services: [monitored({ alerts: false, dashboard: false })],
      expected: [],
    },
    "exist if one service has them on": {
      services: [monitored({ alerts: false, dashboard: false }), monitored({ dashboard: false }, "other")],
      expected: ["PrometheusRule gpumedia-system/gpumedia-services"],
    },
    "are one of each for every namespace that asks for its own": {
      services: [monitored({ scope: "Namespace" }), monitored({ scope: "Namespace" }, "b"), monitored({}, "c", "team")],
      expected: [
        "PrometheusRule gpumedia-system/gpumedia-services",
        "PrometheusRule media/gpumedia-services",
        "ConfigMap gpumedia-system/gpumedia-services-dashboard",
        "ConfigMap media/gpumedia-services-dashboard",
      ],
    },
    "are separate for other labels, as another Prometheus or Grafana selects them": {
      services: [
        sampleService(),
        monitored({ labels: { release: "team" }, dashboardLabels: { grafana_dashboard: "1", team: "a" } }, "other"),
      ],
      expected: [
        "PrometheusRule gpumedia-system/gpumedia-services",
        "PrometheusRule gpumedia-system/gpumedia-services-c3d712f3",
        "ConfigMap gpumedia-system/gpumedia-services-dashboard",
        "ConfigMap gpumedia-system/gpumedia-services-dashboard-7f0c5bef",
      ],
    },
  };
  for (const [title, { services, expected }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(titles(sharedMonitoring(services, context)), expected));
  }

  it("are the same whatever the order of services", () => {
    const services = [sampleService(), monitored({ alerts: false }, "a"), monitored({ alerts: false }, "b", "team")];
    assert.deepEqual(sharedMonitoring(services, context), sharedMonitoring(services.toReversed(), context));
  });

  it("have the labels by which Prometheus selects them, and those by which the operator finds them", () => {
    const [manifest] = sharedMonitoring([monitored({ labels: { release: "prometheus" } })], context);
    const name = manifest?.metadata.name;
    assert.deepEqual(manifest?.metadata.labels, {
      release: "prometheus",
      "app.kubernetes.io/name": name,
      "app.kubernetes.io/managed-by": "gpumedia-operator",
      "app.kubernetes.io/part-of": "gpumedia",
      "gpumedia.io/shared": "monitoring",
    });
    assert.equal(manifest?.metadata.ownerReferences, undefined);
  });

  it("do not grow with the number of services", () => {
    const fleet = Array.from({ length: 100 }, (_, index) => sampleService({}, `service-${index}`));
    const size = (manifests: readonly Manifest[]): number => JSON.stringify(manifests).length;
    assert.equal(size(sharedMonitoring(fleet, context)), size(sharedMonitoring(fleet.slice(0, 1), context)));
  });

  it("list the services that alerts must not be raised for, should their pods not be scraped", () => {
    const off = { alerts: false };
    const services = [sampleService(), monitored(off, "b"), monitored(off, "a"), monitored(off, "c", "team")];
    const [first] = rules(sharedMonitoring(services, context)[0]);
    assert.equal(first?.record, "gpumedia:service:other");
    assert.match(
      first?.expr ?? "",
      /kube_deployment_spec_replicas\{namespace="media",deployment=~"a\|b"\} or kube_deployment_spec_replicas\{namespace="team",deployment=~"c"\}/,
    );
  });

  it("concern only the namespaces that the operator watches", () => {
    const [manifest] = sharedMonitoring([sampleService()], { ...context, namespaces: ["media", "a"] });
    const pods = rules(manifest).find(({ record }) => record === "gpumedia:pod:service");
    assert.match(pods?.expr ?? "", /kube_pod_owner\{namespace=~"a\|media",owner_kind="ReplicaSet"\}/);
  });
});

describe("the shared rules", () => {
  it("has the guide's queries and all alerts", () => {
    const groups = sharedRuleGroups({ rules: "", namespaces: [], others: [] }, "");
    const names = groups.map((group) => [
      group.name,
      group.rules.map((rule) => ("alert" in rule ? rule.alert : rule.record)),
    ]);
    assert.deepEqual(Object.fromEntries(names), {
      "gpumedia.targets": [
        "gpumedia:pod:service",
        "gpumedia:service:alerts",
        "gpumedia:service:gpu_metrics",
        "gpumedia:gpu_pod:service",
        "gpumedia:slo_latency_p95:seconds",
        "gpumedia:slo_memory:bytes",
        "gpumedia:slo_gpu_utilization_min:percent",
        "gpumedia:slo_gpu_utilization_max:percent",
        "gpumedia:slo_frame_latency_p95:seconds",
        "gpumedia:slo_dropped_frames:percent",
      ],
      "gpumedia.processor": [
        "gpumedia:gpu_processing_seconds:p95",
        "gpumedia:requests:rate5m",
        "gpumedia:rejections:ratio5m",
        "GpuMediaLatencyHigh",
        "GpuMediaRequestsRejected",
        "GpuMediaLoadSkewed",
        "GpuMediaMetricsMissing",
      ],
      "gpumedia.live": [
        "gpumedia:live_frame_seconds:p95",
        "gpumedia:live_dropped:percent",
        "gpumedia:live_sessions:percent",
        "GpuMediaLiveFramesDropped",
        "GpuMediaLiveFrameLatencyHigh",
        "GpuMediaLiveSessionsNearLimit",
      ],
      "gpumedia.gpu": [
        "gpumedia:gpu_utilization:percent",
        "gpumedia:gpu_memory_used:percent",
        "gpumedia:gpu_temperature:celsius",
        "gpumedia:gpu_power_usage:watts",
        "gpumedia:gpu_xid:last",
        "gpumedia:gpu_clock_reasons:bits",
        "GpuMediaGpuSaturated",
        "GpuMediaGpuUnderused",
        "GpuMediaGpuMemoryHigh",
        "GpuMediaGpuHot",
        "GpuMediaGpuXidError",
        "GpuMediaGpuThrottled",
        "GpuMediaGpuMetricsMissing",
      ],
      "gpumedia.capacity": ["GpuMediaMemoryHigh", "GpuMediaPodsWaitForGpu", "GpuMediaAutoscalerAtMaximum"],
    });
  });
});

describe("docs/alerts.md", () => {
  it("has a section for each alert and a row for each recorded series, and for nothing else", () => {
    const page = readFileSync(new URL("../../../docs/alerts.md", import.meta.url), "utf8");
    const sections = [...page.matchAll(/^## (GpuMedia\w+)$/gm)].map(([, name]) => name);
    const series = [...page.matchAll(/^\| `(gpumedia:[\w:]+)`/gm)].map(([, name]) => name);
    const others = [{ namespace: "media", name: "off" }];
    const all = sharedRuleGroups({ rules: "", namespaces: [], others }, "").flatMap((group) => group.rules);
    const names = all.map((rule) => ("alert" in rule ? rule.alert : rule.record));
    assert.deepEqual(new Set([...sections, ...series]), new Set(names));
  });
});
