import assert from "node:assert/strict";
import type { ServiceTargets } from "@gpumedia/api";
import { Registry } from "prom-client";
import { targetGauges } from "./target-gauges.ts";
import { sampleTargets } from "../testing/service-targets.ts";

async function samples(current: () => ServiceTargets | undefined): Promise<() => Promise<readonly string[]>> {
  const registry = new Registry();
  targetGauges(registry, async () => current());
  return async () => (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("the metrics of a service's targets", () => {
  it("name the service and the rules that apply to it", async () => {
    const labels = '{service="upscaler",rules="gpumedia-system/gpumedia-services"}';
    assert.deepEqual(await (await samples(() => ({ ...sampleTargets, gpuMetrics: false })))(), [
      `gpumedia_slo_alerts${labels} 1`,
      `gpumedia_slo_gpu_metrics${labels} 0`,
      `gpumedia_slo_latency_p95_seconds${labels} 0.02`,
      `gpumedia_slo_memory_bytes${labels} 4294967296`,
      `gpumedia_slo_gpu_utilization_min_percent${labels} 60`,
      `gpumedia_slo_gpu_utilization_max_percent${labels} 80`,
    ]);
  });

  it("include those of live video only while it is on", async () => {
    const live = { frameLatencyP95Seconds: 0.1, droppedFramesPercent: 5 };
    const scraped = await (await samples(() => ({ ...sampleTargets, live })))();
    assert.deepEqual(
      scraped.filter((line) => line.includes("frame")).map((line) => line.replace(/\{.*\}/, "")),
      ["gpumedia_slo_frame_latency_p95_seconds 0.1", "gpumedia_slo_dropped_frames_percent 5"],
    );
  });

  it("follow a change at the next scrape, and leave no series of the old rules", async () => {
    let current: ServiceTargets = sampleTargets;
    const scrape = await samples(() => current);
    await scrape();
    current = { ...sampleTargets, alerts: false, rules: "media/gpumedia-services" };
    assert.deepEqual(
      (await scrape()).filter((line) => line.startsWith("gpumedia_slo_alerts")),
      ['gpumedia_slo_alerts{service="upscaler",rules="media/gpumedia-services"} 0'],
    );
  });

  it("have no series outside a GpuMediaService", async () => {
    assert.deepEqual(await (await samples(() => undefined))(), []);
  });
});
