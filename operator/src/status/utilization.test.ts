import assert from "node:assert/strict";
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { healthy } from "../utilization/aggregate.sample.ts";
import type { Aggregate } from "../utilization/aggregate.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
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
      const figures = utilizationFigures({ ...healthy, gpuPercent }, service, {
        ...before,
        ...(was && { band: was }),
        ...(was ? {} : { band: undefined as never }),
      });
      assert.equal(figures.band, is);
    });
  }
});

describe("MetricsReporting", () => {
  const silent = (count: number): UtilizationReading["silent"] =>
    Array.from({ length: count }, (_, at) => ({ name: `upscaler-${at}`, problem: "refuses connections" }));
  const cases: {
    readonly [title: string]: {
      reading: Partial<UtilizationReading>;
      is: readonly [string, string];
      text?: string;
    };
  } = {
    "no pod is ready": { reading: { polled: 0, figures: undefined }, is: ["Unknown", "NoPodServes"] },
    "none has reported yet": { reading: { figures: undefined }, is: ["Unknown", "NotReportedYet"] },
    "all report": { reading: {}, is: ["True", "PodsReport"] },
    "one is silent": {
      reading: { silent: silent(1) },
      is: ["False", "SomePodsSilent"],
      text: "1 of 2 pods do not report their utilization: upscaler-0 refuses connections",
    },
    "all are silent": {
      reading: { polled: 5, silent: silent(5), figures: undefined },
      is: ["False", "PodsSilent"],
      text: "5 of 5 pods do not report their utilization: upscaler-0 refuses connections; upscaler-1 refuses connections; upscaler-2 refuses connections; and 2 more",
    },
  };
  for (const [title, { reading: change, is, text }] of Object.entries(cases)) {
    it(`${title}: ${is.join(", ")}`, () => {
      const { status, reason, message } = metricsReporting(reading(change));
      assert.deepEqual([status, reason], is);
      if (text !== undefined) assert.equal(message, text);
    });
  }
});

describe("SloMet", () => {
  const cases: {
    readonly [title: string]: {
      figures?: Partial<Aggregate> | null;
      before?: Condition["status"];
      is: string;
    };
  } = {
    "no report": { figures: null, is: "Unknown NotReportedYet" },
    "within the targets": { is: "True TargetsMet" },
    "p95 above its target": { figures: { latencyP95Ms: 21 }, before: "True", is: "False LatencyAboveTarget" },
    "p95 at its target": { figures: { latencyP95Ms: 20 }, before: "True", is: "True TargetsMet" },
    "p95 just below the target that it missed": {
      figures: { latencyP95Ms: 19 },
      before: "False",
      is: "False LatencyAboveTarget",
    },
    "p95 clearly below the target that it missed": {
      figures: { latencyP95Ms: 17 },
      before: "False",
      is: "True TargetsMet",
    },
    "39 requests, unknown before": { figures: { accepted: 39 }, is: "Unknown TooLittleTraffic" },
    "40 requests, unknown before": { figures: { accepted: 40 }, is: "True TargetsMet" },
    "20 requests, met before": { figures: { accepted: 20 }, before: "True", is: "True TargetsMet" },
    "19 requests, met before": { figures: { accepted: 19 }, before: "True", is: "Unknown TooLittleTraffic" },
    "a single slow request": { figures: { accepted: 1, latencyP95Ms: 900 }, is: "Unknown TooLittleTraffic" },
    "every request refused": {
      figures: { accepted: 0, latencyP95Ms: null, refusedPercent: 100 },
      before: "True",
      is: "False RequestsRefused",
    },
    "2 % refused": { figures: { refusedPercent: 2 }, before: "True", is: "False RequestsRefused" },
    "1 % refused": { figures: { refusedPercent: 1 }, before: "True", is: "True TargetsMet" },
    "a pod above 4Gi": { figures: { rssBytes: 4.2 * 1024 ** 3 }, before: "True", is: "False MemoryAboveTarget" },
    "busy GPUs that process too little": {
      figures: { gpuPercent: 95 },
      before: "True",
      is: "False ThroughputBelowTarget",
    },
    "busy GPUs that process enough": {
      figures: { gpuPercent: 95, requestsPerSecond: 2_400 },
      before: "True",
      is: "True TargetsMet",
    },
  };
  for (const [title, { figures, before, is }] of Object.entries(cases)) {
    it(`${title}, ${before ?? "Unknown"} before: ${is}`, () => {
      const seen = figures === null ? undefined : { ...healthy, ...figures };
      const shown = utilizationFigures(seen, service, undefined);
      const { status, reason } = sloMet({ figures: seen, service, before, shown });
      assert.equal(`${status} ${reason}`, is);
    });
  }

  it("has the figure and the target in its message", () => {
    const figures = { ...healthy, latencyP95Ms: 45.4 };
    const { message } = sloMet({
      figures,
      service,
      before: "True",
      shown: utilizationFigures(figures, service, undefined),
    });
    assert.equal(message, "p95 45 ms, target 20 ms; see status.bottleneck");
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

  it("is written at once for a service that has none", () => {
    assert.deepEqual(written, {
      utilization: { observedTime: now, ...utilizationFigures(healthy, service, undefined) },
      bottleneck: "None",
      MetricsReporting: { status: "True", reason: "PodsReport", message: "all ready pods report their utilization" },
      SloMet: { status: "True", reason: "TargetsMet", message: "p95 14 ms, target 20 ms" },
    });
  });

  const unchanged: { readonly [title: string]: { reading: Partial<UtilizationReading> } } = {
    "while the reports are the same": { reading: {} },
    "while the figures stay within their tolerances": {
      reading: { figures: { ...healthy, gpuPercent: 75, requestsPerSecond: 850 } },
    },
    "after a restart, when no pod has reported yet": { reading: { warmingUp: true, figures: undefined, polled: 0 } },
    "after a restart, when the first pods report": { reading: { warmingUp: true, figures: { ...slow, pods: 1 } } },
    "within a minute of the last write": { reading: { mayMove: false, figures: { ...healthy, gpuPercent: 20 } } },
    "when a scale-out adds a pod that has not reported": { reading: { pending: 1 } },
  };
  for (const [title, { reading: change }] of Object.entries(unchanged)) {
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
      SloMet: {
        status: "False",
        reason: "LatencyAboveTarget",
        message: "p95 21 ms, target 20 ms; see status.bottleneck",
      },
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

  it("does not change at once when load begins", () => {
    const quiet = update({ figures: idle, latest: idle });
    assert.deepEqual(update({ mayMove: false, figures: { ...idle, requestsPerSecond: 5 } }, quiet), quiet);
  });
});
