/** Counts live video, for `/metrics` and for `live` of `/utilization`. */
import type { UtilizationReport } from "@gpumedia/api";
import type { EndReason, LiveMetrics, SessionKind } from "./live-metrics.ts";
import { Window } from "./window.ts";

/** The open sessions now. */
export interface LiveReading {
  readonly count: (kind: SessionKind) => number;
  readonly limit: number;
  /** Of those whose client has reported one, in ms. */
  readonly roundTripsMs: () => readonly number[];
}

export class LiveTelemetry {
  readonly #metrics: LiveMetrics;
  readonly #window: Window<"received" | "processed" | "sent" | "unsent", "frame">;
  #reading: LiveReading | undefined;

  /** `now`: in ms. */
  constructor(metrics: LiveMetrics, now: () => number = () => performance.now()) {
    this.#metrics = metrics;
    this.#window = new Window(["received", "processed", "sent", "unsent"], ["frame"], now);
  }

  /** Live video is switched on. */
  start(reading: LiveReading): void {
    this.#reading = reading;
    this.#metrics.readSessions(reading.count);
    this.#metrics.readLevels(() => ({
      sessionLimit: reading.limit,
      droppedPercent: Math.round(this.#droppedShare() * 10_000) / 100,
    }));
  }

  ended(reason: EndReason): void {
    this.#metrics.ended.inc({ reason });
  }

  /** A frame has come, after some that were dropped in its favour. */
  received(droppedBefore: number): void {
    this.#window.count("received", 1 + droppedBefore);
    this.#metrics.frames.inc({ direction: "in" }, 1 + droppedBefore);
    this.#metrics.frames.inc({ direction: "dropped" }, droppedBefore);
  }

  /** A frame did not get through the model. */
  failed(): void {
    this.#metrics.frames.inc({ direction: "dropped" });
  }

  /** A frame has gone through the model, and its result to its clients. */
  processed(ms: number): void {
    this.#window.count("processed");
    this.#window.record("frame", ms);
    this.#metrics.frameSeconds.observe(ms / 1000);
  }

  /** A result for a client; `isSent`: false if the one before was still on its way. */
  result(isSent: boolean): void {
    this.#window.count(isSent ? "sent" : "unsent");
    this.#metrics.frames.inc({ direction: isSent ? "out" : "dropped" });
  }

  /** Undefined while live video is switched off. */
  report(): UtilizationReport["live"] {
    if (this.#reading === undefined) return undefined;
    const { count, limit, roundTripsMs } = this.#reading;
    const [publishers, viewers] = [count("publish") + count("exchange"), count("view")];
    const latency = this.#window.figures("frame");
    const roundTripMs = median(roundTripsMs());
    return {
      sessions: publishers + viewers,
      publishers,
      viewers,
      sessionLimit: limit,
      framesPerSecond: rounded(this.#window.total("processed") / this.#window.seconds),
      droppedShare: this.#droppedShare(),
      ...(roundTripMs === undefined ? {} : { roundTripMs: rounded(roundTripMs) }),
      latencyMs:
        latency.count === 0
          ? { p50: null, p95: null }
          : { p50: rounded(latency.percentile(0.5)), p95: rounded(latency.percentile(0.95)) },
    };
  }

  /** Of received frames, those whose result did not reach a client on average: a frame has as many results as it has viewers. */
  #droppedShare(): number {
    const [received, processed, sent, unsent] = (["received", "processed", "sent", "unsent"] as const).map((event) =>
      this.#window.total(event),
    ) as [number, number, number, number];
    // A frame may be received in one window and processed in the next.
    const through = received === 0 ? 1 : Math.min(1, processed / received);
    const delivered = sent + unsent === 0 ? 1 : sent / (sent + unsent);
    return Math.round((1 - through * delivered) * 10_000) / 10_000;
  }
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
