import assert from "node:assert/strict";
import { Registry } from "prom-client";
import { createLiveMetrics } from "./live-metrics.ts";
import { LiveTelemetry, type LiveReading } from "./live-telemetry.ts";

const counts = { publish: 2, view: 3, exchange: 1 };
const reading: LiveReading = { count: (kind) => counts[kind], limit: 20, roundTripsMs: () => [80, 20, 30] };

describe("the report on live video", () => {
  let nowMs = 0;
  let telemetry: LiveTelemetry;

  beforeEach(() => {
    nowMs = 1000;
    telemetry = new LiveTelemetry(createLiveMetrics(new Registry()), () => nowMs);
  });

  it("is absent while live video is switched off", () => {
    assert.equal(telemetry.report(), undefined);
  });

  it("has sessions, and no latency before the first frame", () => {
    telemetry.start({ ...reading, roundTripsMs: () => [] });
    assert.deepEqual(telemetry.report(), {
      sessions: 6,
      publishers: 3,
      viewers: 3,
      sessionLimit: 20,
      framesPerSecond: 0,
      droppedShare: 0,
      latencyMs: { p50: null, p95: null },
    });
  });

  it("has the rate and latency of frames, the share that was dropped, and the median round trip", () => {
    telemetry.start(reading);
    // 10 of 40 were dropped before the model, and 20 of 70 results before their viewers: 3/4 times 5/7 arrived.
    for (let frame = 0; frame < 30; frame++) {
      telemetry.received(frame % 3 === 0 ? 1 : 0);
      for (const isSent of [true, frame % 3 !== 0]) telemetry.result(isSent);
      if (frame < 10) telemetry.result(false);
      telemetry.processed(50);
    }
    nowMs += 10_000;
    const { framesPerSecond, droppedShare, roundTripMs, latencyMs } = telemetry.report() ?? assert.fail();
    assert.deepEqual([framesPerSecond, droppedShare, roundTripMs], [3, 0.4643, 30]);
    assert.deepEqual(latencyMs, { p50: 50, p95: 50 });
  });

  it("counts a frame that the model does not take as dropped", () => {
    telemetry.start(reading);
    for (const isTaken of [true, false]) {
      telemetry.received(0);
      if (isTaken) telemetry.processed(5);
      else telemetry.failed();
    }
    assert.equal(telemetry.report()?.droppedShare, 0.5);
  });

  it("forgets what is older than the window", () => {
    telemetry.start(reading);
    telemetry.received(9);
    telemetry.processed(5);
    nowMs += 20_000;
    const { framesPerSecond, droppedShare, latencyMs } = telemetry.report() ?? assert.fail();
    assert.deepEqual([framesPerSecond, droppedShare, latencyMs], [0, 0, { p50: null, p95: null }]);
  });
});
