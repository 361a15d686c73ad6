/** How a place in a spec is named. */

/** `resources.limits["nvidia.com/gpu"]`: a key with a dot in it is quoted, so that a path stays readable and unique. */
export function joinPath(parent: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}
