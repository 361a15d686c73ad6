/** Estimates how long a new request would wait. Pure. */

/** Weight of the latest batch: the estimate adapts within about ten batches. */
const weight = 0.1;

/**
 * What a request costs besides its pixels: messages and calls. Without it, icons of 8x8 would teach that a pixel takes
 * 20 µs, and the next photograph would be rejected for a wait of minutes.
 */
const overheadPixels = 4096;

/**
 * What a worker's first run of a kind (`worker-batches.ts`) takes longer than later ones, at most: 30 ms instead of 1.3 ms on a free core, more on a
 * throttled one. Scaled up by a burst of thumbnails, it would be a wait of seconds.
 */
const firstRunMs = 1000;

export class LoadEstimate {
  /** Worker milliseconds per pixel; undefined until the first batch of no new kind. */
  #msPerPixel: number | undefined;
  /** The same of the last batch of a new kind, used until then: a model that takes 10 s for a picture must not fill the queue. */
  #firstMsPerPixel = 0;
  #pixels = 0;

  /** An accepted job counts until it leaves. */
  enter(pixels: number): void {
    this.#pixels += pixels + overheadPixels;
  }

  leave(pixels: number): void {
    this.#pixels -= pixels + overheadPixels;
  }

  /** A worker was busy for `busyMs` with `requests` requests of `pixels` in total. `isFirst`: a kind of work was new to it. */
  learn(requests: number, pixels: number, busyMs: number, isFirst: boolean): void {
    if (requests <= 0) return;
    const costPixels = pixels + requests * overheadPixels;
    if (isFirst) {
      this.#firstMsPerPixel = Math.max(0, busyMs - firstRunMs) / costPixels;
      return;
    }
    const measured = busyMs / costPixels;
    this.#msPerPixel =
      this.#msPerPixel === undefined ? measured : this.#msPerPixel + (measured - this.#msPerPixel) * weight;
  }

  /** The time until all accepted jobs are finished; 0 until the first batch. */
  waitMs(workers: number): number {
    return (this.#pixels * (this.#msPerPixel ?? this.#firstMsPerPixel)) / Math.max(1, workers);
  }
}
