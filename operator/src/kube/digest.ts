import { hash } from "node:crypto";

/** Returns JSON with sorted keys, so that equal values have equal text. Omits undefined members, as JSON does. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** Returns 96 bits of SHA-256 over the canonical JSON of a value, as 16 URL-safe characters. */
export function digest(value: unknown): string {
  return hash("sha256", canonicalJson(value), "base64url").slice(0, 16);
}

/** Returns 40 bits of SHA-256 over the canonical JSON of a value, as 10 characters that names and labels may contain. */
export function nameDigest(value: unknown): string {
  return hash("sha256", canonicalJson(value), "hex").slice(0, 10);
}
