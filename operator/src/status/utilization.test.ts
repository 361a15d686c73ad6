import assert from "node:assert/strict";
import type { Condition, GpuMediaServiceSpec, GpuMediaServiceStatus } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { healthy } from "../utilization/aggregate.sample.ts";
import type { Aggregate, LiveAggregate } from "../utilization/aggregate.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { sampleReading } from "./status-input.sample.ts";
import { utilizationFigures, type UtilizationFigures } from "./utilization-figures.ts";
import { metricsReporting, sloMet } from "./utilization-verdicts.ts";
import { utilizationStatus, type UtilizationStatus } from "./utilization.ts";

const service = sampleService();

const reading = (change: Partial<UtilizationReading> = {}): UtilizationReading => {
  const figures = "figures" in change ? change.figures : healthy;
  return sampleReading({ polled: 2, figures, latest: figures, ...change });
};
const now = "2026-02-01T00:00:00Z";
const later = "2026-02-01T00:01:00Z";

/** As the API server has it after it was written. */
function stored({ utilization, bottleneck, MetricsReporting, SloMet }: UtilizationStatus): GpuMediaServiceStatus {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  const conditions: Condition[] = [
    { type: "MetricsReporting", ...MetricsReporting, lastTransitionTime },
    { type: "SloMet", ...SloMet, lastTransitionTime },
  ];
  return { utilization, bottleneck, conditions };
}

const streaming: LiveAggregate = {
  sessions: 12,
  sessionLimit: 40,
  framesPerSecond: 240,
  droppedPercent: 1,
  p95Ms: 60,
  roundTripMs: 40,
};

describe("figures of utilization", () => {
  it("are whole numbers at first", () => {
    assert.deepEqual(utilizationFigures({ ...healthy, latencyP95Ms: 13.6 }, service, undefined), {
      pods: 2,
      gpuPercent: 72,
      gpuMemoryPercent: 40,
      band: "Within",
      requestsPerSecond: 800,
      latencyP95Milliseconds: 14,
      queueDepth: 4,
      activeSessions: 20,
    });
  });

  it("are only the band without pods", () => {
    assert.deepEqual(utilizationFigures(undefined, service, undefined), { pods: 0, band: "Unknown" });
  });

  it("leave out what is not known", () => {
    const figures = utilizationFigures({ ...healthy, gpuPercent: null, latencyP95Ms: null }, service, undefined);
    assert.deepEqual(
      [figures.gpuPercent, figures.band, figures.latencyP95Milliseconds],
      [undefined, "Unknown", undefined],
    );
  });

  const before: UtilizationFigures = utilizationFigures(healthy, service, undefined);
  const drifts: { readonly [title: string]: { now: Partial<Aggregate>; is: Partial<UtilizationFigures> } } = {
    "GPU utilization by 5 points: stays": { now: { gpuPercent: 77 }, is: { gpuPercent: 72 } },
    "GPU utilization by 6 points: moves": { now: { gpuPercent: 78 }, is: { gpuPercent: 78 } },
    "throughput by 15 %: stays": { now: { requestsPerSecond: 920 }, is: { requestsPerSecond: 800 } },
    "throughput by 16 %: moves": { now: { requestsPerSecond: 928 }, is: { requestsPerSecond: 928 } },
    "queue by 3: stays": { now: { queueDepth: 7 }, is: { queueDepth: 4 } },
    "queue to 0: moves": { now: { queueDepth: 0 }, is: { queueDepth: 0 } },
    "p95 by 2 ms: stays": { now: { latencyP95Ms: 16 }, is: { latencyP95Milliseconds: 14 } },
    "p95 of less than a millisecond: not 0": { now: { latencyP95Ms: 0.2 }, is: { latencyP95Milliseconds: 1 } },
    "more than the schema allows": { now: { requestsPerSecond: 1e12 }, is: { requestsPerSecond: 2_147_483_647 } },
  };
  for (const [title, { now, is }] of Object.entries(drifts)) {
    it(`drift: ${title}`, () => {
      const figures = utilizationFigures({ ...healthy, ...now }, service, before);
      assert.deepEqual(figures, { ...before, ...is });
    });
  }

  const bands: readonly (readonly [gpuPercent: number, before: UtilizationFigures["band"] | undefined, is: string])[] =
    [
      [59, undefined, "Below"],
      [60, undefined, "Within"],
      [80, undefined, "Within"],
      [81, undefined, "Above"],
      [81, "Within", "Within"],
      [83, "Within", "Above"],
      [79, "Above", "Above"],
      [77, "Above", "Within"],
      [61, "Below", "Below"],
      [63, "Below", "Within"],
      [10, "Above", "Below"],
    ];
  for (const [gpuPercent, was, is] of bands) {
    it(`band of ${gpuPercent} % after ${was ?? "none"}: ${is}`, () => {
      const { band: _band, ...rest } = before;
      const figures = utilizationFigures({ ...healthy, gpuPercent }, service, { ...rest, ...(was && { band: was }) });
      assert.equal(figures.band, is);
    });
  }
});

describe("MetricsReporting", () => {
  const silent = (count: number): UtilizationReading["silent"] =>
    Array.from({ length: count }, (_, at) => ({ name: `upscaler-${at}`, problem: "refuses connections" }));
  const cases: { readonly [title: string]: readonly [Partial<UtilizationReading>, Verdict] } = {
    "no pod is ready": [
      { polled: 0, figures: undefined },
      unknown("NoPodServes", "no pod is ready, so no utilization is collected"),
    ],
    "no pod has reported yet": [
      { figures: undefined },
      unknown("NotReportedYet", "no pod has reported its utilization yet"),
    ],
    "all pods report": [{}, isTrue("PodsReport", "all ready pods report their utilization")],
    "one pod is silent": [
      { silent: silent(1) },
      isFalse("SomePodsSilent", "1 of 2 pods do not report their utilization: upscaler-0 refuses connections"),
    ],
    "all pods are silent": [
      { polled: 5, silent: silent(5), figures: undefined },
      isFalse(
        "PodsSilent",
        "5 of 5 pods do not report their utilization: upscaler-0 refuses connections; upscaler-1 refuses connections; upscaler-2 refuses connections; and 2 more",
      ),
    ],
  };
  for (const [title, [change, verdict]] of Object.entries(cases)) {
    it(`${title}: ${verdict.reason}`, () => assert.deepEqual(metricsReporting(reading(change)), verdict));
  }
});

describe("SloMet", () => {
  const cases: {
    readonly [title: string]: readonly [
      /** Undefined: no pod reports. */
      figures: Partial<Aggregate> | undefined,
      before: Condition["status"],
      is: string,
    ];
  } = {
    "no report": [undefined, "Unknown", "Unknown NotReportedYet"],
    "within the targets": [{}, "Unknown", "True TargetsMet"],
    "p95 above its target": [{ latencyP95Ms: 21 }, "True", "False LatencyAboveTarget"],
    "p95 at its target": [{ latencyP95Ms: 20 }, "True", "True TargetsMet"],
    "p95 just below the target that it missed": [{ latencyP95Ms: 19 }, "False", "False LatencyAboveTarget"],
    "p95 clearly below the target that it missed": [{ latencyP95Ms: 17 }, "False", "True TargetsMet"],
    "39 requests": [{ accepted: 39 }, "Unknown", "Unknown TooLittleTraffic"],
    "40 requests": [{ accepted: 40 }, "Unknown", "True TargetsMet"],
    "20 requests": [{ accepted: 20 }, "True", "True TargetsMet"],
    "19 requests": [{ accepted: 19 }, "True", "Unknown TooLittleTraffic"],
    "a single slow request": [{ accepted: 1, latencyP95Ms: 900 }, "Unknown", "Unknown TooLittleTraffic"],
    "every request refused": [
      { accepted: 0, latencyP95Ms: null, refusedPercent: 100 },
      "True",
      "False RequestsRefused",
    ],
    "2 % refused": [{ refusedPercent: 2 }, "True", "False RequestsRefused"],
    "1 % refused": [{ refusedPercent: 1 }, "True", "True TargetsMet"],
    "a pod above 4Gi": [{ rssBytes: 4.2 * 1024 ** 3 }, "True", "False MemoryAboveTarget"],
    "frames of live video that are dropped": [
      { live: { ...streaming, droppedPercent: 6 } },
      "True",
      "False FramesDropped",
    ],
    "frames that are dropped just below the target that was missed": [
      { live: { ...streaming, droppedPercent: 4.8 } },
      "False",
      "False FramesDropped",
    ],
    "slow frames": [{ live: { ...streaming, p95Ms: 101 } }, "True", "False FrameLatencyAboveTarget"],
    "fast frames": [{ live: streaming }, "Unknown", "True TargetsMet"],
    "live video without sessions": [{ live: { ...streaming, sessions: 0, p95Ms: 900 } }, "True", "True TargetsMet"],
    "busy GPUs that process too little": [{ gpuPercent: 95 }, "True", "False ThroughputBelowTarget"],
    "busy GPUs that process enough": [{ gpuPercent: 95, requestsPerSecond: 2_400 }, "True", "True TargetsMet"],
  };
  for (const [title, [figures, before, is]] of Object.entries(cases)) {
    it(`${title}, ${before} before: ${is}`, () => {
      const seen = figures && { ...healthy, ...figures };
      const shown = utilizationFigures(seen, service, undefined);
      const { status, reason } = sloMet({ figures: seen, service, before, shown, sharesGpus: false, skew: undefined });
      assert.equal(`${status} ${reason}`, is);
    });
  }

  it("has the figures of live video, their targets and the next step in its messages", () => {
    const message = (live: Partial<LiveAggregate>): string => {
      const figures = { ...healthy, live: { ...streaming, ...live } };
      const shown = utilizationFigures(figures, service, undefined);
      return sloMet({ figures, service, before: "True", shown, sharesGpus: false, skew: undefined }).message;
    };
    assert.equal(
      message({ droppedPercent: 12.4 }),
      "12 % of the frames of live video are dropped, target 5 %; lower live.limits.sessions or live.limits.pixels, or raise autoscaling.horizontal.maxReplicas",
    );
    assert.equal(message({ p95Ms: 180.2 }), "p95 of frames 180 ms, target 100 ms; see status.bottleneck");
  });

  it("has the figure and the target in its message", () => {
    const figures = { ...healthy, latencyP95Ms: 45.4 };
    const shown = utilizationFigures(figures, service, undefined);
    const message = "p95 45 ms, target 20 ms; see status.bottleneck";
    assert.deepEqual(
      sloMet({ figures, service, before: "True", shown, sharesGpus: false, skew: undefined }),
      isFalse("LatencyAboveTarget", message),
    );
  });
});

describe("status of utilization", () => {
  const update = (change: Partial<UtilizationReading>, before?: UtilizationStatus): UtilizationStatus =>
    utilizationStatus({
      service,
      reading: reading(change),
      before: before && stored(before),
      now: before === undefined ? now : later,
    });
  const written = update({});
  const slow = { ...healthy, latencyP95Ms: 45 };

  it("has the figures of live video, and keeps them while they stay within their tolerances", () => {
    const figures = { ...healthy, live: streaming };
    const { utilization } = update({ figures });
    assert.deepEqual(utilization.live, {
      sessions: 12,
      sessionLimit: 40,
      framesPerSecond: 240,
      droppedPercent: 1,
      frameLatencyP95Milliseconds: 60,
      roundTripMilliseconds: 40,
    });
    const moved = { ...streaming, sessions: 13, framesPerSecond: 250, droppedPercent: 2, p95Ms: 65, roundTripMs: 47 };
    assert.deepEqual(utilizationFigures({ ...figures, live: moved }, service, utilization).live, utilization.live);
    const more = { ...moved, sessions: 20, sessionLimit: 60, droppedPercent: 4, roundTripMs: 90 };
    assert.deepEqual(utilizationFigures({ ...figures, live: more }, service, utilization).live, {
      ...utilization.live,
      sessions: 20,
      sessionLimit: 60,
      droppedPercent: 4,
      roundTripMilliseconds: 90,
    });
  });

  it("is written at once for a service that has none", () => {
    assert.deepEqual(written, {
      utilization: { observedTime: now, ...utilizationFigures(healthy, service, undefined) },
      bottleneck: "None",
      MetricsReporting: isTrue("PodsReport", "all ready pods report their utilization"),
      SloMet: isTrue("TargetsMet", "p95 14 ms, target 20 ms"),
    });
  });

  const unchanged: Readonly<Record<string, Partial<UtilizationReading>>> = {
    "while the reports are the same": {},
    "while the figures stay within their tolerances": {
      figures: { ...healthy, gpuPercent: 75, requestsPerSecond: 850 },
    },
    "after a restart, when no pod has reported yet": { warmingUp: true, figures: undefined, polled: 0 },
    "after a restart, when the first pods report": { warmingUp: true, figures: { ...slow, pods: 1 } },
    "within a minute of the last write": { mayMove: false, figures: { ...healthy, gpuPercent: 20 } },
    "when a scale-out adds a pod that has not reported": { pending: 1 },
  };
  for (const [title, change] of Object.entries(unchanged)) {
    it(`stays, with its time, ${title}`, () => assert.deepEqual(update(change, written), written));
  }

  it("changes at once in the first minute of the operator when there was no report before", () => {
    const nothing = update({ polled: 0, figures: undefined });
    assert.deepEqual(update({ warmingUp: true }, nothing), {
      ...written,
      utilization: { ...written.utilization, observedTime: later },
    });
  });

  it("has no figures before every pod has reported: they stood for a minute with one of two pods", () => {
    const none = update({ pending: 2, figures: undefined });
    assert.equal(none.MetricsReporting.reason, "NotReportedYet");
    assert.deepEqual(update({ pending: 1, figures: { ...healthy, pods: 1 } }, none), none);
    assert.equal(update({}, none).MetricsReporting.reason, "PodsReport");
  });

  it("changes after a minute when a figure has moved", () => {
    assert.deepEqual(update({ figures: { ...healthy, gpuPercent: 20 } }, written), {
      ...written,
      utilization: { ...written.utilization, observedTime: later, gpuPercent: 20, band: "Below" },
    });
  });

  it("changes at once, with exact figures, when a condition changes", () => {
    const figures = { ...slow, latencyP95Ms: 21, gpuPercent: 75 };
    assert.deepEqual(update({ mayMove: false, figures }, written), {
      ...written,
      utilization: { ...written.utilization, observedTime: later, gpuPercent: 75, latencyP95Milliseconds: 21 },
      SloMet: isFalse("LatencyAboveTarget", "p95 21 ms, target 20 ms; see status.bottleneck"),
    });
  });

  const idle: Aggregate = {
    ...healthy,
    gpuPercent: 1,
    requestsPerSecond: 0,
    latencyP50Ms: null,
    latencyP95Ms: null,
    queueDepth: 0,
    activeSessions: 0,
    accepted: 0,
  };

  it("changes at once when the service becomes idle: the mean showed load and its latency for 87 s more", () => {
    const busy = update({ figures: { ...healthy, gpuPercent: 98 } });
    assert.equal(busy.bottleneck, "Gpu");
    const after = update({ mayMove: false, figures: { ...healthy, gpuPercent: 66 }, latest: idle }, busy);
    assert.deepEqual(after, {
      ...written,
      utilization: {
        observedTime: later,
        pods: 2,
        gpuPercent: 1,
        gpuMemoryPercent: 40,
        band: "Below",
        requestsPerSecond: 0,
        queueDepth: 0,
        activeSessions: 0,
      },
      bottleneck: "None",
    });
    assert.deepEqual(update({ mayMove: false, figures: healthy, latest: idle }, after), after);
  });

  const load = (name: string, percent: number, sessions = 0) => ({
    name,
    least: percent,
    mean: percent,
    most: percent,
    sessions,
  });
  const skewed = [load("upscaler-a", 99), load("upscaler-b", 2), load("upscaler-c", 0)];
  const causes: Readonly<Record<string, readonly [GpuMediaServiceSpec, number, RegExp]>> = {
    "the hash of the Ingress": [
      { network: { ingress: { enabled: true, host: "a.example.com", hashBy: "$request_uri" } } },
      2,
      /the likely cause is hashing: network\.ingress\.hashBy \$request_uri .* set it to ""$/,
    ],
    "the hash of an annotation": [
      {
        network: {
          ingress: {
            enabled: true,
            host: "a.example.com",
            annotations: { "nginx.ingress.kubernetes.io/upstream-hash-by": "$host" },
          },
        },
      },
      0,
      /network\.ingress\.annotations\[.*\] \$host /,
    ],
    "a proxy of which the service says nothing": [{}, 0, /a proxy that hashes requests by their URI/],
    "streams that stay": [{}, 2, /its streams stay with it/],
  };
  for (const [title, [spec, sessions, cause]] of Object.entries(causes)) {
    it(`names ${title} as the likely cause of a skew`, () => {
      const loads = [load("upscaler-a", 99, sessions), ...skewed.slice(1)];
      const after = utilizationStatus({
        service: sampleService(spec),
        reading: reading({ mayMove: false, loads }),
        before: stored(written),
        now: later,
      });
      assert.deepEqual([after.bottleneck, after.SloMet.status, after.SloMet.reason], ["Skew", "False", "LoadSkewed"]);
      assert.match(after.SloMet.message, /^1 of 3 pods above 80 % \(upscaler-a\) while 2 below 10 %, /);
      assert.match(after.SloMet.message, cause);
    });
  }

  it("stays skewed within wider limits, and ends beyond them", () => {
    const before = update({ loads: skewed });
    assert.equal(update({ loads: [load("upscaler-a", 70), load("upscaler-b", 12)] }, before).bottleneck, "Skew");
    assert.equal(update({ loads: [load("upscaler-a", 70), load("upscaler-b", 30)] }, before).bottleneck, "None");
  });

  const sharedGpus = [
    { uuid: "GPU-b", memoryPercent: 96.4, services: { "media/thumbs": 1, "media/upscaler": 2 } },
    { uuid: "GPU-a", memoryPercent: null, services: { "lab/notebook": 1, "media/upscaler": 1 } },
  ];
  const sharing: Partial<UtilizationReading> = {
    gpuSharing: "TimeSlicing",
    sharedGpus,
    figures: { ...healthy, gpuPercent: 100, workersBusyPercent: 20.4, fullestGpuPercent: 96.4 },
  };

  it("has who shares the GPUs, their memory, and the band of the service's own work", () => {
    const { utilization, bottleneck } = update(sharing);
    assert.deepEqual(utilization, {
      ...written.utilization,
      gpuPercent: 100,
      gpuSharing: "TimeSlicing",
      busyPercent: 20,
      sharedGpus: [
        { uuid: "GPU-a", services: { "lab/notebook": 1, "media/upscaler": 1 } },
        { uuid: "GPU-b", memoryPercent: 96, services: { "media/thumbs": 1, "media/upscaler": 2 } },
      ],
      band: "Below",
    });
    assert.equal(bottleneck, "GpuMemory");
  });

  it("changes at once when a neighbour appears, so that the autoscaler gets another metric", () => {
    const after = update({ ...sharing, mayMove: false }, written);
    assert.equal(after.utilization.gpuSharing, "TimeSlicing");
    assert.deepEqual(update({ ...sharing, mayMove: false, sharedGpus: [] }, after), after);
  });

  it("stays while the memory of a shared GPU is within its tolerance", () => {
    const before = update(sharing);
    const moved = sharedGpus.map((gpu) => ({ ...gpu, memoryPercent: gpu.memoryPercent && gpu.memoryPercent - 5 }));
    assert.deepEqual(update({ ...sharing, sharedGpus: moved }, before), before);
  });

  it("remembers that the GPUs are shared while there are no pods", () => {
    const none = update({ figures: undefined, polled: 0 }, update(sharing));
    assert.deepEqual(none.utilization, { observedTime: later, pods: 0, gpuSharing: "TimeSlicing", band: "Unknown" });
  });

  it("does not change at once when load begins", () => {
    const quiet = update({ figures: idle, latest: idle });
    assert.deepEqual(update({ mayMove: false, figures: { ...idle, requestsPerSecond: 5 } }, quiet), quiet);
  });
});
