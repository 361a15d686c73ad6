/** Passes frames on, one at a time: of those that wait only the newest is kept, so that delay cannot grow. Pure. */

export interface NewestFrameOptions<Frame> {
  readonly send: (frame: Frame, droppedBefore: number) => void;
  readonly mostPerSecond: number;
}

export class NewestFrame<Frame> {
  readonly #options: NewestFrameOptions<Frame>;
  #inFlight = false;
  #waiting: Frame | undefined;
  #dropped = 0;
  #acceptedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NewestFrameOptions<Frame>) {
    this.#options = options;
  }

  offer(frame: Frame, nowMs: number): void {
    // Cameras are not exact: 31 frames in a second are not above 30. Not counted as dropped, which shows that a pod is too slow.
    if (nowMs - this.#acceptedAt < (1000 / this.#options.mostPerSecond) * 0.7) return;
    this.#acceptedAt = nowMs;
    if (!this.#inFlight) return this.#send(frame);
    if (this.#waiting !== undefined) this.#dropped++;
    this.#waiting = frame;
  }

  /** The frame that was sent is done. */
  done(): void {
    this.#inFlight = false;
    const frame = this.#waiting;
    this.#waiting = undefined;
    if (frame !== undefined) this.#send(frame);
  }

  #send(frame: Frame): void {
    this.#inFlight = true;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#options.send(frame, dropped);
  }
}
