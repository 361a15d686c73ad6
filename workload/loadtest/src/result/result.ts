/** What a run found: the full result, from which table, JSON, report and termination message are made. Pure. */
import type { CurvePoint, LatencyFigures } from "../figures/histogram.ts";
import type { Regression } from "../figures/regression.ts";
import type { ScenarioName } from "../load/scenarios.ts";
import type { Counts, FailureCount } from "../figures/tally.ts";
import type { Figures, ThresholdVerdict } from "../figures/thresholds.ts";
import type { TimelineRow } from "../figures/timeline.ts";

export const resultSchema = "gpumedia.io/loadtest/v1";

/** The load as it was ordered; null stands for "no limit", and for the closed loop in `ratePerSecond`. */
export interface LoadDescription {
  readonly concurrency: number;
  readonly requests: number | null;
  readonly durationSeconds: number | null;
  readonly ratePerSecond: number | null;
  /** Sent before the clock started, in no figure. */
  readonly warmupRequests: number;
  readonly timeoutSeconds: number;
  /** SHA-256 over the pictures sent, in their order. */
  readonly picturesDigest: string;
}

export interface PictureDescription {
  readonly name: string;
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** How much of the figures may be the client's own doing. */
export interface ClientFigures {
  /** 0 to 1; a client near 1 measures itself. */
  readonly eventLoopUtilization: number;
  /** Open loop: how late the client sent although a connection was free; null in a closed loop. */
  readonly sendLagMs: { readonly p99: number; readonly max: number } | null;
  /** Open loop: arrivals that waited because every connection was busy. */
  readonly queued: number;
}

export type StageFigures = Pick<LatencyFigures, "mean" | "p50" | "p95" | "max">;

/** The part that fits a termination message: what is decided, and on which figures. */
export interface Outline {
  readonly schema: typeof resultSchema;
  readonly verdict: "Passed" | "Failed" | "Interrupted";
  /** Why not passed, a sentence each; empty when passed. */
  readonly reasons: readonly string[];
  readonly scenario: ScenarioName;
  readonly target: string;
  readonly load: LoadDescription;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly elapsedSeconds: number;
  readonly endedBy: "requests" | "duration" | "signal";
  readonly counts: Counts;
  readonly figures: Figures;
  readonly thresholds: readonly ThresholdVerdict[];
  readonly regression: Regression | null;
  /** What a reader should know before believing the figures. */
  readonly warnings: readonly string[];
  /** By kind, the most frequent first. */
  readonly failures: readonly FailureCount[];
  /** By the names in the server's Server-Timing header. */
  readonly stages: Readonly<Record<string, StageFigures>>;
}

export interface Details {
  readonly pictures: readonly PictureDescription[];
  readonly bytesReceived: number;
  /** Latency from the actual send time: without the wait for a connection. */
  readonly serviceTimeMs: LatencyFigures | null;
  readonly rejectionLatencyMs: LatencyFigures | null;
  readonly client: ClientFigures;
  readonly curve: readonly CurvePoint[];
  readonly serviceTimeCurve: readonly CurvePoint[];
  readonly timeline: readonly TimelineRow[];
}

export interface Result extends Outline {
  readonly details: Details;
}

/** The target could not be reached, so there are no figures. */
export interface Unreachable extends Pick<
  Outline,
  "schema" | "reasons" | "scenario" | "target" | "load" | "startedAt"
> {
  readonly verdict: "Unreachable";
}
