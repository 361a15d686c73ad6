/**
 * The frames of one session: which to start, which to drop, and what may be answered now. Pure.
 *
 *   push ──▶ waiting ──next──▶ started ──settle──▶ settled ──take──▶ answered ──release──▶ (gone)
 *               │ a newer frame is pushed
 *               └──▶ dropped ──take──▶ reported
 *
 * Frames are numbered from 1. Answers leave in that order, exactly one for each frame: its outcome, or a notice that it was
 * dropped. Started frames that were not released are in flight; one more may wait.
 */

export type Answer<Outcome> =
  | { readonly kind: "outcome"; readonly frame: number; readonly outcome: Outcome }
  /** All from the first to the last. */
  | { readonly kind: "dropped"; readonly from: number; readonly to: number };

interface Entry<Outcome> {
  readonly from: number;
  to: number;
  state: "waiting" | "started" | "dropped";
  outcome: Outcome | undefined;
}

export class FrameWindow<Frame, Outcome extends object> {
  readonly #maxInFlight: number;
  /** Not answered yet, in order. Adjacent dropped frames are merged, so that a flood of frames remains a few entries. */
  readonly #entries: Entry<Outcome>[] = [];
  #waiting: { readonly entry: Entry<Outcome>; readonly frame: Frame } | undefined;
  #inFlight = 0;
  #frames = 0;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  push(frame: Frame): void {
    const number = ++this.#frames;
    if (this.#waiting !== undefined) this.#drop(this.#waiting.entry);
    const entry: Entry<Outcome> = { from: number, to: number, state: "waiting", outcome: undefined };
    this.#entries.push(entry);
    this.#waiting = { entry, frame };
  }

  /** The frame to start now, if there is one and capacity for it. */
  next(): { readonly number: number; readonly frame: Frame } | undefined {
    if (this.#waiting === undefined || this.#inFlight >= this.#maxInFlight) return undefined;
    const { entry, frame } = this.#waiting;
    this.#waiting = undefined;
    entry.state = "started";
    this.#inFlight++;
    return { number: entry.from, frame };
  }

  settle(number: number, outcome: Outcome): void {
    const entry = this.#entries.find(({ from, state }) => from === number && state === "started");
    if (entry === undefined) throw new Error(`frame ${number} is not in flight`);
    entry.outcome = outcome;
  }

  /** The next answer, if all before it have left; an outcome stays in flight until it is released. */
  take(): Answer<Outcome> | undefined {
    const [first] = this.#entries;
    if (first?.state === "dropped") {
      this.#entries.shift();
      return { kind: "dropped", from: first.from, to: first.to };
    }
    if (first?.outcome === undefined) return undefined;
    this.#entries.shift();
    return { kind: "outcome", frame: first.from, outcome: first.outcome };
  }

  /** An outcome has reached the client's connection. */
  release(): void {
    this.#inFlight--;
  }

  /** Nothing is in flight, waiting or unreported. */
  get idle(): boolean {
    return this.#inFlight === 0 && this.#entries.length === 0;
  }

  #drop(entry: Entry<Outcome>): void {
    entry.state = "dropped";
    const before = this.#entries.at(-2);
    if (before?.state !== "dropped") return;
    before.to = entry.to;
    this.#entries.pop();
  }
}
