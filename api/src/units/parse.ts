/** Parses the text values that the schema's patterns accept. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Returns the milliseconds of a duration: 90000 for `1m30s`. NaN when invalid. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/gy)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return Number.NaN;
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (unitMs[unit] ?? Number.NaN), 0);
}

/** Returns the seconds of a duration, rounded up so that 500ms does not become 0. */
export function durationSeconds(text: string): number {
  return Math.ceil(durationMs(text) / 1_000);
}

const exponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary = "KMGTPE";

/** Returns the value of a Kubernetes quantity: 0.5 for `500m`, 4294967296 for `4Gi`. NaN when invalid. */
export function quantityValue(text: string): number {
  const [, digits, suffix = ""] =
    /^(\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+))((?:[eE][-+]?[0-9]+)|[A-Za-z]{0,2})$/.exec(text) ?? [];
  const factor = suffixFactor(suffix);
  return digits === undefined || factor === undefined ? Number.NaN : Number(digits) * factor;
}

function suffixFactor(suffix: string): number | undefined {
  if (suffix === "") return 1;
  if (/^[eE][-+]?[0-9]/.test(suffix)) return 10 ** Number(suffix.slice(1));
  if (suffix.length === 2) {
    const power = binary.indexOf(suffix[0] ?? "");
    return power < 0 || suffix[1] !== "i" ? undefined : 1024 ** (power + 1);
  }
  const exponent = exponents[suffix];
  return exponent === undefined ? undefined : 10 ** exponent;
}

const nginxFactor: Readonly<Record<string, number>> = { "": 1, k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 };

/** Returns the bytes of a size in nginx syntax: 10485760 for `10m`. NaN when invalid. */
export function nginxSizeBytes(text: string): number {
  const [, digits, unit = ""] = /^([0-9]+)([kKmMgG]?)$/.exec(text) ?? [];
  return Number(digits ?? Number.NaN) * (nginxFactor[unit.toLowerCase()] ?? Number.NaN);
}
