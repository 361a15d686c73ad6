/** Sums and means of figures, some of which are not known. Pure. */

export type Known = readonly (number | null)[];

/** Null when nothing is known. */
export function sum(values: Known): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

export function mean(values: Known): number | null {
  const total = sum(values);
  return total === null ? null : total / values.filter((value) => value !== null).length;
}

export function highest(values: Known): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
