import assert from "node:assert/strict";
import { sampleMetadata, sampleService } from "./service.sample.ts";
import { targetsRule } from "./targets-rule.ts";

const operatorNamespace = "gpumedia-system";

/** e2e/specs/prometheus-rules.spec.ts tests with Prometheus that alerts fire from these series as from those of pods. */
describe("the PrometheusRule of a service whose pods export no targets", () => {
  it("records the targets in their stead", () => {
    const labels = { namespace: "media", service: "upscaler", rules: "gpumedia-system/gpumedia-services" };
    const { namespace: _scraped, ...ofPods } = labels;
    const target = (name: string, value: number) => ({
      record: `gpumedia_slo_${name}`,
      expr: `vector(${value})`,
      labels,
    });
    assert.deepEqual(targetsRule(sampleService(), operatorNamespace), {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: sampleMetadata(),
      spec: {
        groups: [
          {
            name: "gpumedia.upscaler.targets",
            rules: [
              {
                record: "gpumedia_slo_alerts",
                expr: 'group by (namespace, pod) (up{namespace="media",pod=~"upscaler-[b-df-hj-np-tv-xz24-9]+-[b-df-hj-np-tv-xz24-9]{5}"})',
                labels: ofPods,
              },
              target("gpu_metrics", 1),
              target("latency_p95_seconds", 0.02),
              target("memory_bytes", 4_294_967_296),
              target("gpu_utilization_min_percent", 60),
              target("gpu_utilization_max_percent", 80),
            ],
          },
        ],
      },
    });
  });

  it("is not needed where alerts are off", () => {
    assert.equal(targetsRule(sampleService({ monitoring: { alerts: false } }), operatorNamespace), null);
  });
});
