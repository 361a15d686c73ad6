/** Drives a sender by the schedule: the closed loop and the open loop. */
import { type Arrivals, takeDue, totalArrivals } from "./schedule.ts";
import type { Sample } from "../target/sample.ts";

/** How many requests to send, and how. */
export interface Load {
  /** Maximum number of requests in flight: clients of the closed loop, connections of the open loop. */
  readonly concurrency: number;
  /** Infinity if only the duration ends the run. */
  readonly requests: number;
  /** No request is due after this; Infinity if only the number of requests ends the run. */
  readonly durationMs: number;
  /** Open loop at this rate; null for the closed loop. */
  readonly ratePerSecond: number | null;
  /** From the intended send time to the last byte. */
  readonly timeoutMs: number;
}

/** What the loops need from their caller. */
export interface Course {
  /** Milliseconds since the start of the run. */
  readonly elapsedMs: () => number;
  /** Sends one request and never rejects. */
  readonly send: (intendedMs: number, sentMs: number) => Promise<Sample>;
  readonly record: (sample: Sample) => void;
  /** Open loop: an arrival found a free connection, `lagMs` after it was due. */
  readonly sentWithLag: (lagMs: number) => void;
  /** Open loop: an arrival had to wait because every connection was busy. */
  readonly queued: () => void;
  /** Aborted: no more requests are sent. */
  readonly stop: AbortSignal;
}

/** Resolves when all due requests have been sent and have returned. */
export async function drive(load: Load, course: Course): Promise<void> {
  if (load.ratePerSecond === null) await closedLoop(load, course);
  else await openLoop(load, load.ratePerSecond, course);
}

async function closedLoop({ concurrency, requests, durationMs }: Load, course: Course): Promise<void> {
  let started = 0;
  const client = async () => {
    while (started < requests && course.elapsedMs() < durationMs && !course.stop.aborted) {
      started++;
      const now = course.elapsedMs();
      course.record(await course.send(now, now));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, client));
}

/** `pump` sends what is due; it runs when the next arrival is due and when a connection becomes free. */
async function openLoop(load: Load, ratePerSecond: number, course: Course): Promise<void> {
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let arrivals: Arrivals = {
    ratePerSecond,
    total: totalArrivals(ratePerSecond, load.requests, load.durationMs),
    giveUpAfterMs: load.timeoutMs,
    next: 0,
  };
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;

  const send = async (intendedMs: number, now: number) => {
    inFlight++;
    const sample = await course.send(intendedMs, now);
    const wasFull = inFlight === load.concurrency;
    inFlight--;
    course.record(sample);
    pump(wasFull);
  };

  const pump = (wasFull: boolean) => {
    clearTimeout(timer);
    if (course.stop.aborted) {
      if (inFlight === 0) finish();
      return;
    }
    const now = course.elapsedMs();
    const due = takeDue(arrivals, now, load.concurrency - inFlight);
    arrivals = due.arrivals;
    for (const intendedMs of due.unsent) {
      const failure = { kind: "unsent", message: "no connection was free before its timeout" } as const;
      course.record({ intendedMs, sentMs: null, endMs: now, outcome: { kind: "failed", failure } });
    }
    for (const intendedMs of due.send) {
      if (wasFull) course.queued();
      else course.sentWithLag(now - intendedMs);
      void send(intendedMs, now);
    }
    if (due.wakeAtMs !== null) timer = setTimeout(pump, due.wakeAtMs - now, false);
    if (arrivals.next >= arrivals.total && inFlight === 0) finish();
  };

  course.stop.addEventListener("abort", () => pump(false), { once: true });
  pump(false);
  await finished;
}
