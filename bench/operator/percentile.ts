/** The percentile by nearest rank; NaN without values. `fraction` is 0 to 1. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}

/** The upper bound of the bucket with the percentile, in a Prometheus histogram (upper bound, cumulative count); NaN if it is empty. */
export function bucketPercentile(
  buckets: readonly (readonly [bound: number, count: number])[],
  fraction: number,
): number {
  const sorted = buckets.toSorted(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  return sorted.find(([, count]) => count >= total * fraction && total > 0)?.[0] ?? Number.NaN;
}
