/**
 * What users write in the fields that are Kubernetes' own, as the API server would store it. It leaves out what is
 * empty, and completes a few atomic structs; we compare what we want with what it stored, so any difference in spelling
 * would be repaired for ever.
 */

/** `value` without empty lists, empty texts and empty label maps. Empty selectors stay: `{}` selects everything. */
export function withoutEmpties<T>(value: T): T {
  return prune(value) as T;
}

/** Their values may be empty texts. */
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

/** The member under its name, or nothing: for lists, maps and texts that the API server drops when they are empty. */
export function unlessEmpty<Key extends string, Value extends object | string>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  const empty = value === undefined || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
  return (empty ? {} : { [key]: value }) as Partial<Record<Key, Value>>;
}
