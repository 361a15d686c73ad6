/** Results of one server under one load. Times in ms. */
export interface LoadFigures {
  readonly perSecond: number;
  /** Responses, including those during the warm-up. */
  readonly total: number;
  /** Responses other than 200. */
  readonly failed: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly livezP99: number;
}

/** The server's CPU time per response, in ms, which other load on the machine hardly affects. */
export interface ServerFigures extends LoadFigures {
  readonly cpuMs: number;
}

/** Results of the loop without HTTP. */
export interface RawFigures {
  readonly perSecond: number;
  readonly cpuMs: number;
}

/** The median: of an even number of values, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (low + high) / 2;
}
