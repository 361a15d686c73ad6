import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { prometheusRule, ruleGroups } from "./prometheus-rule.ts";
import { sampleMetadata, sampleService } from "./service.sample.ts";

const processor = [
  "gpumedia:gpu_processing_seconds:p95",
  "gpumedia:requests:rate5m",
  "gpumedia:rejections:ratio5m",
  "GpuMediaLatencyHigh",
  "GpuMediaRequestsRejected",
  "GpuMediaLoadSkewed",
  "GpuMediaMetricsMissing",
];
const gpu = [
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
];

/** e2e/specs/prometheus-rules.spec.ts tests the results of the rules with Prometheus itself. */
describe("PrometheusRule", () => {
  const cases: {
    readonly [title: string]: {
      readonly spec: GpuMediaServiceSpec;
      readonly groups: Readonly<Record<string, readonly string[]>>;
    };
  } = {
    "has the guide's queries and all alerts": {
      spec: {},
      groups: {
        "gpumedia.upscaler.processor": processor,
        "gpumedia.upscaler.gpu": gpu,
        "gpumedia.upscaler.capacity": ["GpuMediaMemoryHigh", "GpuMediaPodsWaitForGpu", "GpuMediaAutoscalerAtMaximum"],
      },
    },
    "has no GPU rules without GPUs, and no autoscaler alert without an autoscaler": {
      spec: { gpu: { count: 0 }, autoscaling: { horizontal: { enabled: false } } },
      groups: { "gpumedia.upscaler.processor": processor, "gpumedia.upscaler.capacity": ["GpuMediaMemoryHigh"] },
    },
    "has no alert for missing GPU metrics that are switched off": {
      spec: { monitoring: { dcgm: { enabled: false } } },
      groups: {
        "gpumedia.upscaler.processor": processor,
        "gpumedia.upscaler.capacity": ["GpuMediaMemoryHigh", "GpuMediaPodsWaitForGpu", "GpuMediaAutoscalerAtMaximum"],
      },
    },
  };
  for (const [title, { spec, groups }] of Object.entries(cases)) {
    it(title, () => {
      const { spec: rules, ...identity } = prometheusRule(sampleService(spec), "") as unknown as {
        spec: { groups: readonly { name: string; rules: readonly { record?: string; alert?: string }[] }[] };
      };
      const names = rules.groups.map((group) => [group.name, group.rules.map(({ record, alert }) => record ?? alert)]);
      assert.deepEqual(
        { ...identity, groups: Object.fromEntries(names) },
        { apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata: sampleMetadata(), groups },
      );
    });
  }

  it("is not created when it is off", () => {
    assert.equal(prometheusRule(sampleService({ monitoring: { alerts: false } }), ""), null);
  });
});

describe("docs/alerts.md", () => {
  it("has a section for each alert and each recorded series, and for nothing else", () => {
    const page = readFileSync(new URL("../../../docs/alerts.md", import.meta.url), "utf8");
    const sections = [...page.matchAll(/^## (GpuMedia\w+)$/gm)].map(([, name]) => name);
    const series = [...page.matchAll(/^\| `(gpumedia:[\w:]+)`/gm)].map(([, name]) => name);
    const rules = ruleGroups(sampleService(), "").flatMap((group) => group.rules);
    const names = rules.map((rule) => ("alert" in rule ? rule.alert : rule.record));
    assert.deepEqual(new Set([...sections, ...series]), new Set(names));
  });
});
