/** Paths into an object. */

/** Keys from the root of the object: members by name, items by index. */
export type Keys = readonly (string | number)[];

/** Returns a readable, unique path: `processing.env[2].value`, `resources.limits["nvidia.com/gpu"]`. */
export function pathOf(keys: Keys): string {
  return keys.reduce<string>(joinPath, "");
}

/** Returns the value at a path of members, such as `drain.timeout`; undefined when it is missing. */
export function valueAt(object: object, path: string): unknown {
  return path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], object);
}

/** Appends a key; one that is not an identifier is quoted. */
export function joinPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}
