/**
 * Decides when a worker whose runs all fail is replaced, and when replacing cannot help: an error of CUDA poisons the whole process,
 * so that every session fails until the process ends. Pure.
 *
 *   a run fails ──3 in a row──▶ its worker is replaced ──▶ the new one works: all is forgotten
 *                                         └── so are all others and one more, without a success ──▶ the process ends
 */

/** One failure may be a lack of memory that passes. */
const failuresInARow = 3;

export class FailureStreaks {
  readonly #workers: number;
  readonly #failures = new Map<number, number>();
  /** Workers that were replaced since the last run that succeeded anywhere. */
  #replaced = 0;

  /** `workers`: how many there are at a time. */
  constructor(workers: number) {
    this.#workers = workers;
  }

  succeeded(worker: number): void {
    this.#failures.delete(worker);
    this.#replaced = 0;
  }

  /** A run failed through no fault of its input. Returns whether to replace the worker. */
  failed(worker: number): boolean {
    const failures = (this.#failures.get(worker) ?? 0) + 1;
    this.#failures.set(worker, failures);
    return failures === failuresInARow;
  }

  /** A worker has ended because its runs failed, or before it was ready. Returns whether another one would fail as well. */
  endedWithoutSuccess(worker: number): boolean {
    this.#failures.delete(worker);
    return ++this.#replaced > this.#workers;
  }
}
