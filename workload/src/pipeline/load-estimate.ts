/** How long a new request would wait. Pure. */

/** Weight of the newest batch: what is known adapts within some ten batches. */
const weight = 0.1;

/**
 * What a request costs besides its pixels: messages, calls. Without it icons of 8x8 teach that a pixel takes 20 µs, and the
 * photograph after them is refused for a wait of minutes.
 */
const pixelsBeside = 4096;

export class LoadEstimate {
  /** Worker milliseconds per pixel; undefined until the first batch. */
  #msPerPixel: number | undefined;
  #pixels = 0;

  /** A job was accepted, and counts until it leaves. */
  enter(pixels: number): void {
    this.#pixels += pixels + pixelsBeside;
  }

  leave(pixels: number): void {
    this.#pixels -= pixels + pixelsBeside;
  }

  /** A worker was busy for so long with so many requests of so many pixels in all. */
  learn(requests: number, pixels: number, busyMs: number): void {
    if (requests <= 0) return;
    const measured = busyMs / (pixels + requests * pixelsBeside);
    this.#msPerPixel =
      this.#msPerPixel === undefined ? measured : this.#msPerPixel + (measured - this.#msPerPixel) * weight;
  }

  /** Until all that was accepted is done; 0 while nothing is known. */
  waitMs(workers: number): number {
    return (this.#pixels * (this.#msPerPixel ?? 0)) / Math.max(1, workers);
  }
}
