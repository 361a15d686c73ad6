/** Accumulates the samples of a run. Deterministic: all times are those of the samples. */
import type { MeasuredResult } from "@gpumedia/api/src/load-test-client.ts";
import type { FailureKind } from "../target/failure.ts";
import { LatencyHistogram } from "./histogram.ts";
import type { Sample } from "../target/sample.ts";
import { Timeline } from "./timeline.ts";

type Counts = MeasuredResult["counts"];
type FailureCount = MeasuredResult["failures"][number];

const exampleAtMost = 160;

export class Tally {
  /** From the intended send time to the last byte, accepted responses only. */
  readonly latency = new LatencyHistogram();
  /** From the actual send time: what a tool with coordinated omission would show. */
  readonly serviceTime = new LatencyHistogram();
  readonly rejectionLatency = new LatencyHistogram();
  readonly stages = new Map<string, LatencyHistogram>();
  readonly timeline = new Timeline();
  readonly #failures = new Map<FailureKind, FailureCount>();
  #counts: Counts = { accepted: 0, rejected: 0, failed: 0, abandoned: 0 };
  #bytesReceived = 0;
  #lastEndMs = 0;

  record({ intendedMs, sentMs, endMs, outcome }: Sample): void {
    const kind = outcome.kind;
    this.#counts = { ...this.#counts, [kind]: this.#counts[kind] + 1 };
    this.#lastEndMs = Math.max(this.#lastEndMs, endMs);
    switch (outcome.kind) {
      case "accepted":
        this.latency.record(endMs - intendedMs);
        this.serviceTime.record(endMs - (sentMs ?? intendedMs));
        this.timeline.accepted(endMs, endMs - intendedMs);
        this.#bytesReceived += outcome.bytes;
        for (const { stage, ms } of outcome.stages) this.#stage(stage)?.record(ms);
        return;
      case "rejected":
        this.rejectionLatency.record(endMs - intendedMs);
        this.timeline.rejected(endMs);
        return;
      case "failed":
        this.timeline.failed(endMs);
        this.#countFailure(outcome.failure.kind, outcome.failure.message);
        return;
      case "abandoned":
    }
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** Bytes of the accepted pictures. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** From the start to the end of the last request, in ms. */
  get lastEndMs(): number {
    return this.#lastEndMs;
  }

  /** Most frequent kind first. */
  failures(): FailureCount[] {
    return [...this.#failures.values()].toSorted((a, b) => b.count - a.count);
  }

  #countFailure(kind: FailureKind, message: string): void {
    const { count, example } = this.#failures.get(kind) ?? { count: 0, example: message.slice(0, exampleAtMost) };
    this.#failures.set(kind, { kind, count: count + 1, example });
  }

  /** The histogram of a stage, at most 16: a server could invent a name per response. */
  #stage(name: string): LatencyHistogram | undefined {
    if (!this.stages.has(name) && this.stages.size < 16) this.stages.set(name, new LatencyHistogram());
    return this.stages.get(name);
  }
}
