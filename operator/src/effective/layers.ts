/** Merges layers of values, later ones overriding leaf by leaf, and records the layer of each leaf. */
import { joinPath } from "@gpumedia/api";

export interface Layer<Origin> {
  readonly values: object;
  /** Where the value at a path (`autoscaling.horizontal.minReplicas`) of this layer comes from. */
  readonly originOf: (path: string) => Origin;
}

export interface Layered<Origin> {
  readonly values: Readonly<Record<string, unknown>>;
  /** By path; a list is one leaf. In the order of the first layer that has the leaf. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Merges objects by member, except at `atomic` paths; these, scalars and lists replace. `undefined` overrides nothing. */
export function layer<Origin>(
  layers: readonly Layer<Origin>[],
  atomic: ReadonlySet<string> = new Set(),
): Layered<Origin> {
  const origins = new Map<string, Origin>();
  let values: Record<string, unknown> = {};
  for (const { values: upper, originOf } of layers) {
    values = merge(values, upper as Record<string, unknown>, "", atomic, (path) => origins.set(path, originOf(path)));
  }
  return { values, origins };
}

function merge(
  lower: Readonly<Record<string, unknown>>,
  upper: Readonly<Record<string, unknown>>,
  parent: string,
  atomic: ReadonlySet<string>,
  setLeaf: (path: string) => void,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    if (value === undefined) continue;
    const path = joinPath(parent, key);
    if (!isObject(value) || atomic.has(path)) {
      setLeaf(path);
      merged[key] = value;
      continue;
    }
    const below = merged[key];
    merged[key] = merge(isObject(below) ? below : {}, value, path, atomic, setLeaf);
  }
  return merged;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
