/** The value that `fraction` of the values do not exceed, by nearest rank; NaN of none. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}

/** What of a histogram's buckets (upper bound to cumulative count, as Prometheus has them) is the bound that `fraction` does not exceed. */
export function bucketPercentile(
  buckets: readonly (readonly [bound: number, count: number])[],
  fraction: number,
): number {
  const sorted = buckets.toSorted(([a], [b]) => a - b);
  const total = sorted.at(-1)?.[1] ?? 0;
  return sorted.find(([, count]) => count >= total * fraction && total > 0)?.[0] ?? Number.NaN;
}
