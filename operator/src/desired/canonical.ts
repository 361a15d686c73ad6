/**
 * Kubernetes' own fields in a spec, as the API server stores them: it drops empty values and completes a few atomic
 * structs. A desired object that differs from the stored one in spelling would be repaired at every reconcile.
 */

/** Drops empty lists, strings and label maps. Empty selectors stay: `{}` selects everything. */
export function withoutEmpties<T>(value: T): T {
  return prune(value) as T;
}

/** Maps whose values may be empty strings. */
const maps = new Set(["matchLabels", "volumeAttributes"]);

function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value)
    .filter(([key, member]) => !isEmpty(key, member))
    .map(([key, member]) => [key, maps.has(key) ? member : prune(member)]);
  return Object.fromEntries(members);
}

function isEmpty(key: string, member: unknown): boolean {
  if (member === undefined || member === "") return true;
  if (Array.isArray(member)) return member.length === 0;
  return maps.has(key) && Object.keys(member as object).length === 0;
}

/** `{ [key]: value }`, or `{}` for an empty list, map or string, which the API server drops. */
export function unlessEmpty<Key extends string, Value extends object | string>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  const empty = value === undefined || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
  return (empty ? {} : { [key]: value }) as Partial<Record<Key, Value>>;
}
