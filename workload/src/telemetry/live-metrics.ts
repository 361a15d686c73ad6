/** Metrics of live video. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const kinds = ["publish", "view", "exchange"] as const;
export type SessionKind = (typeof kinds)[number];
const directions = ["in", "out", "dropped"] as const;

/** Why a session ended. */
const endReasons = [
  "deleted",
  "closed",
  "failed",
  "never-connected",
  "silent",
  "publisher-gone",
  "media-process-died",
  "refused",
  "drained",
] as const;
export type EndReason = (typeof endReasons)[number];

export interface LiveMetrics {
  readonly ended: Counter<"reason">;
  readonly frames: Counter<"direction">;
  readonly frameSeconds: Histogram;
  /** Sets what the gauge of open sessions reads. */
  readSessions(read: (kind: SessionKind) => number): void;
  /** Sets what the gauges for autoscalers and alerts read; they are 0 without live video. */
  readLevels(read: () => LiveLevels): void;
}

export interface LiveLevels {
  readonly sessionLimit: number;
  /** Over the window of the report. */
  readonly droppedPercent: number;
}

/** Seconds: a frame of 30 in a second has 33 ms. */
const frameBuckets = [0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.2, 0.5, 1];

export function createLiveMetrics(registry: Registry): LiveMetrics {
  const registers = [registry];
  let sessions: (kind: SessionKind) => number = () => 0;
  const open: Gauge<"kind"> = new Gauge({
    name: "gpumedia_live_sessions",
    help: "Open WebRTC sessions",
    labelNames: ["kind"],
    registers,
    collect: () => {
      for (const kind of kinds) open.set({ kind }, sessions(kind));
    },
  });
  let levels = (): LiveLevels => ({ sessionLimit: 0, droppedPercent: 0 });
  const limit: Gauge = new Gauge({
    name: "gpumedia_live_session_limit",
    help: "Maximum number of open WebRTC sessions",
    registers,
    collect: () => limit.set(levels().sessionLimit),
  });
  const dropped: Gauge = new Gauge({
    name: "gpumedia_live_dropped_percent",
    help: "Percent of the frames of the last 15 s that were dropped because the pod was too slow",
    registers,
    collect: () => dropped.set(levels().droppedPercent),
  });
  const ended = new Counter({
    name: "gpumedia_live_sessions_ended_total",
    help: "WebRTC sessions that have ended, by reason",
    labelNames: ["reason"],
    registers,
  });
  for (const reason of endReasons) ended.inc({ reason }, 0);
  const frames = new Counter({
    name: "gpumedia_live_frames_total",
    help: "Frames of live video: received, sent to a client, or dropped because the pod was too slow",
    labelNames: ["direction"],
    registers,
  });
  for (const direction of directions) frames.inc({ direction }, 0);
  return {
    ended,
    frames,
    frameSeconds: new Histogram({
      name: "gpumedia_live_frame_seconds",
      help: "Time from a decoded frame to its result, without decoding and encoding of video",
      buckets: frameBuckets,
      registers,
    }),
    readSessions: (read) => {
      sessions = read;
    },
    readLevels: (read) => {
      levels = read;
    },
  };
}
