/** What a processor reports after a few requests. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { utilizationReport, type UtilizationReport } from "@gpumedia/api";
import { photograph } from "../testing/photographs.ts";
import { realProcessor } from "./testing/real-processor.ts";
import { sampleTargets } from "../testing/service-targets.ts";

describe("a processor's reports", () => {
  it("include the service's targets as soon as slo.json exists", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gpumedia-targets-"));
    await using processor = await realProcessor({ workers: 1 }, join(folder, "config.json"));
    const exported = async (): Promise<readonly [boolean | undefined, boolean]> => {
      const report = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
      const text = await (await fetch(`${processor.url}/metrics`)).text();
      return [report.targets, text.includes('gpumedia_slo_latency_p95_seconds{service="upscaler",')];
    };
    assert.deepEqual(await exported(), [false, false]);
    await writeFile(join(folder, "slo.json"), JSON.stringify(sampleTargets));
    assert.deepEqual(await exported(), [true, true]);
    await rm(folder, { recursive: true });
  });

  it("count its requests and say where the time went", async () => {
    await using processor = await realProcessor({ workers: 1 });
    const post = (body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${processor.url}/v1/process`, { method: "POST", headers: { "content-type": "image/jpeg" }, body });
    assert.equal((await post(photograph("flower"))).status, 200);
    assert.equal((await post(photograph("china"))).status, 200);
    assert.equal((await post("no picture")).status, 415);
    assert.equal((await post("")).status, 400);

    const report = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
    const validate = new Ajv({ strict: false, allErrors: true }).compile(utilizationReport);
    assert.ok(validate(report), JSON.stringify(validate.errors));
    const { accepted, invalid, rejected, failed, active, queued } = report.requests;
    assert.deepEqual(
      { accepted, invalid, rejected, failed, active, queued },
      { accepted: 2, invalid: 2, rejected: 0, failed: 0, active: 0, queued: 0 },
    );
    assert.deepEqual(report.gpus, { state: "not-used", reason: null, devices: [] });
    assert.ok((report.stages.inference.mean ?? 0) > 0);
    assert.ok((report.requests.latencyMs.p95 ?? 0) >= (report.stages.inference.mean ?? Infinity));
    assert.ok(report.process.rssBytes > 0 && report.workers.busyPercent > 0);

    const text = await (await fetch(`${processor.url}/metrics`)).text();
    const lines = text.split("\n");
    for (const line of [
      'gpumedia_requests_total{outcome="accepted"} 2',
      'gpumedia_requests_total{outcome="invalid"} 2',
      'gpumedia_requests_total{outcome="rejected"} 0',
      "gpu_processing_seconds_count 2",
      "concurrent_gpu_operations 0",
      "gpumedia_queue_depth 0",
      'gpumedia_stage_seconds_count{stage="decode"} 2',
    ]) {
      assert.ok(lines.includes(line), `${line} is missing`);
    }
    const busy = Number(/^gpumedia_busy_percent (\S+)$/m.exec(text)?.[1]);
    assert.ok(busy > 0 && busy <= 100, `${busy} % busy`);
    const buckets = lines.flatMap((line) => /^gpu_processing_seconds_bucket\{le="([^"]+)"\}/.exec(line)?.[1] ?? []);
    assert.deepEqual(buckets, ["0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "+Inf"]);
  });
});
