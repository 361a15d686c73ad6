/** What the guide asks of the server itself: its address, its headers, its metrics. */
import assert from "node:assert/strict";
import { readConfig } from "./config/read-config.ts";
import { realProcessor } from "./routes/testing/real-processor.ts";
import { createMetrics } from "./telemetry/metrics.ts";

describe("the guide's server", () => {
  it("listens on port 8080 of all addresses by default", () => {
    const reading = readConfig("", {});
    assert.deepEqual(reading.kind === "settings" && reading.settings.listen, { host: undefined, port: 8080 });
  });

  it("sends the guide's security headers and no Server header, whatever is asked for", async () => {
    await using processor = await realProcessor();
    for (const path of ["/livez", "/readyz", "/metrics", "/nowhere"]) {
      const { headers } = await fetch(processor.url + path);
      assert.deepEqual(
        ["x-content-type-options", "x-frame-options", "x-xss-protection", "server", "x-powered-by"].map((name) =>
          headers.get(name),
        ),
        ["nosniff", "DENY", "1; mode=block", null, null],
        path,
      );
    }
  });

  it("counts gpu_processing_seconds in the guide's buckets, and concurrent_gpu_operations", async () => {
    const { registry, processing } = createMetrics({
      active: () => 3,
      queued: () => 0,
      sessions: () => 0,
      busyPercent: () => 0,
      workers: () => ({ total: 1, ready: 1, restarts: 0 }),
      ready: () => true,
      gpus: async () => [],
      targets: async () => undefined,
    });
    processing.observe(0.02);
    const text = await registry.metrics();
    const buckets = [...text.matchAll(/^gpu_processing_seconds_bucket\{le="([^"]+)"\} (\d)$/gm)];
    assert.deepEqual(
      buckets.map(([, le, count]) => [le, count]),
      [
        ["0.001", "0"],
        ["0.005", "0"],
        ["0.01", "0"],
        ["0.025", "1"],
        ["0.05", "1"],
        ["0.1", "1"],
        ["0.25", "1"],
        ["0.5", "1"],
        ["1", "1"],
        ["+Inf", "1"],
      ],
    );
    assert.match(text, /^# TYPE concurrent_gpu_operations gauge\nconcurrent_gpu_operations 3$/m);
  });
});
