/**
 * Events of the last 15 seconds, in slices of one second. Recording is an array write, and the cost of reading does not
 * depend on the number of requests, so that it can be polled every second.
 */

export const windowSeconds = 15;

/** Steps of 4 %, the largest error of a percentile, from 10 µs to over an hour. */
const growth = 1.04;
const smallestMs = 0.01;
const steps = 512;
const logGrowth = Math.log(growth);

interface Slice<Event extends string, Span extends string> {
  /** Second of the monotonic clock; NaN: never used. */
  second: number;
  readonly events: Record<Event, number>;
  readonly spans: Record<Span, { readonly counts: Uint32Array; sum: number; max: number }>;
}

export interface SpanFigures {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  /** Returns a percentile of the spans, at most 4 % too high; `share` is 0 to 1. */
  percentile(share: number): number;
}

/** Counts `Event`s, and computes mean and percentiles of `Span`s, which have a size such as milliseconds. */
export class Window<Event extends string, Span extends string> {
  readonly #slices: readonly Slice<Event, Span>[];
  readonly #now: () => number;
  readonly #startedAt: number;

  /** `now` in ms. */
  constructor(events: readonly Event[], spans: readonly Span[], now: () => number) {
    this.#now = now;
    this.#startedAt = now();
    this.#slices = Array.from({ length: windowSeconds }, () => ({
      second: Number.NaN,
      events: Object.fromEntries(events.map((event) => [event, 0])) as Record<Event, number>,
      spans: Object.fromEntries(
        spans.map((span) => [span, { counts: new Uint32Array(steps), sum: 0, max: 0 }]),
      ) as Slice<Event, Span>["spans"],
    }));
  }

  count(event: Event, times = 1): void {
    this.#current().events[event] += times;
  }

  record(span: Span, size: number): void {
    const { [span]: figures } = this.#current().spans;
    const step = size <= smallestMs ? 0 : Math.min(steps - 1, Math.ceil(Math.log(size / smallestMs) / logGrowth));
    figures.counts[step] = (figures.counts[step] ?? 0) + 1;
    figures.sum += size;
    figures.max = Math.max(figures.max, size);
  }

  /** The time that the figures cover; shorter just after the start. */
  get seconds(): number {
    const partOfSecond = (this.#now() % 1000) / 1000;
    return Math.max(0.001, Math.min(windowSeconds - 1 + partOfSecond, (this.#now() - this.#startedAt) / 1000));
  }

  total(event: Event): number {
    return this.#recent().reduce((sum, slice) => sum + slice.events[event], 0);
  }

  figures(span: Span): SpanFigures {
    const counts = new Uint32Array(steps);
    let [count, sum, max] = [0, 0, 0];
    for (const { spans } of this.#recent()) {
      for (const [step, more] of spans[span].counts.entries()) {
        counts[step] = (counts[step] ?? 0) + more;
        count += more;
      }
      sum += spans[span].sum;
      max = Math.max(max, spans[span].max);
    }
    return { count, mean: sum / count, max, percentile: (share) => Math.min(max, percentile(counts, count, share)) };
  }

  #recent(): Slice<Event, Span>[] {
    const oldest = this.#second() - windowSeconds;
    return this.#slices.filter(({ second }) => second > oldest);
  }

  #second(): number {
    return Math.floor(this.#now() / 1000);
  }

  #current(): Slice<Event, Span> {
    const second = this.#second();
    const slice = this.#slices[second % windowSeconds];
    if (slice === undefined) throw new Error("the clock is negative");
    if (slice.second !== second) {
      slice.second = second;
      for (const event in slice.events) slice.events[event] = 0;
      for (const span in slice.spans) {
        slice.spans[span].counts.fill(0);
        slice.spans[span].sum = 0;
        slice.spans[span].max = 0;
      }
    }
    return slice;
  }
}

function percentile(counts: Uint32Array, count: number, share: number): number {
  let left = Math.ceil(count * share);
  for (const [step, more] of counts.entries()) {
    left -= more;
    if (left <= 0) return smallestMs * growth ** step;
  }
  return smallestMs * growth ** (steps - 1);
}
