/** What is measured of one contestant under one load. Times in ms. */
export interface LoadFigures {
  readonly perSecond: number;
  /** Answers in all, those before the measurement included. */
  readonly total: number;
  /** Answers that were no 200. */
  readonly failed: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly livezP99: number;
}

/** CPU time that the server spent on each answer, in ms: what else the machine does hardly touches it. */
export interface ServerFigures extends LoadFigures {
  readonly cpuMs: number;
}

/** The same of the loop without HTTP. */
export interface RawFigures {
  readonly perSecond: number;
  readonly cpuMs: number;
}

/** The median; of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (low + high) / 2;
}
