/** How a place in an object is named. */

/** Keys from the object down: members by name, items by index. */
export type Keys = readonly (string | number)[];

/** `processing.env[2].value`, `resources.limits["nvidia.com/gpu"]`: readable, and unique. */
export function pathOf(keys: Keys): string {
  return keys.reduce<string>(joinPath, "");
}

/** A key with a dot in it is quoted. */
export function joinPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}
