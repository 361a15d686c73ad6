/** How long a new request would wait. Pure. */

/** Weight of the newest batch: what is known adapts within some ten batches. */
const weight = 0.1;

export class LoadEstimate {
  /** Worker milliseconds per pixel; undefined until the first batch. */
  #msPerPixel: number | undefined;
  #pixels = 0;

  /** A job was accepted, and counts until it leaves. */
  enter(pixels: number): void {
    this.#pixels += pixels;
  }

  leave(pixels: number): void {
    this.#pixels -= pixels;
  }

  /** A worker was busy for so long with so much. */
  learn(pixels: number, busyMs: number): void {
    if (pixels <= 0) return;
    const measured = busyMs / pixels;
    this.#msPerPixel =
      this.#msPerPixel === undefined ? measured : this.#msPerPixel + (measured - this.#msPerPixel) * weight;
  }

  /** Until all that was accepted is done; 0 while nothing is known. */
  waitMs(workers: number): number {
    return (this.#pixels * (this.#msPerPixel ?? 0)) / Math.max(1, workers);
  }
}
