/** Estimates how long a new request would wait. Pure. */

/** Weight of the latest batch: the estimate adapts within about ten batches. */
const weight = 0.1;

/**
 * What a request costs besides its pixels: messages and calls. Without it, icons of 8x8 would teach that a pixel takes
 * 20 µs, and the next photograph would be rejected for a wait of minutes.
 */
const overheadPixels = 4096;

export class LoadEstimate {
  /** Worker milliseconds per pixel; undefined until the first batch. */
  #msPerPixel: number | undefined;
  #pixels = 0;

  /** An accepted job counts until it leaves. */
  enter(pixels: number): void {
    this.#pixels += pixels + overheadPixels;
  }

  leave(pixels: number): void {
    this.#pixels -= pixels + overheadPixels;
  }

  /** A worker was busy for `busyMs` with `requests` requests of `pixels` in total. */
  learn(requests: number, pixels: number, busyMs: number): void {
    if (requests <= 0) return;
    const measured = busyMs / (pixels + requests * overheadPixels);
    this.#msPerPixel =
      this.#msPerPixel === undefined ? measured : this.#msPerPixel + (measured - this.#msPerPixel) * weight;
  }

  /** The time until all accepted jobs are finished; 0 until the first batch. */
  waitMs(workers: number): number {
    return (this.#pixels * (this.#msPerPixel ?? 0)) / Math.max(1, workers);
  }
}
