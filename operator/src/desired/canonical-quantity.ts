/**
 * Quantities in the spelling that the API server stores: `4000m` becomes `4`, `1024Mi` becomes `1Gi`. Any other spelling
 * would differ from the stored object and be repaired at every reconcile.
 *
 * @see https://pkg.go.dev/k8s.io/apimachinery/pkg/api/resource#Quantity
 */

/** Counts are in thousandths, the finest unit that the API server keeps for a request or limit. */
const milli = 1_000n;
const milliPower = -3;
const largest = (2n ** 63n - 1n) * milli;

const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

/** Returns text that is not a quantity unchanged, for the API server to reject. */
export function canonicalQuantity(text: string): string {
  const match = /^\+?([0-9]*)\.?([0-9]*)(?:[eE]([-+]?[0-9]+)|([KMGTPE]i|[numkMGTPE]?))$/.exec(text);
  if (match === null) return text;
  const [, whole = "", fraction = "", exponent, suffix = ""] = match;
  const digits = BigInt(`0${whole}${fraction}`);
  const binary = binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number]);
  if (suffix !== "" && binary > 0) {
    const value = capped(divideUp(digits * 1024n ** BigInt(binary) * milli, 10n ** BigInt(fraction.length)));
    return value < 1024n * milli || value % milli !== 0n ? decimal(value, suffixed) : binaryText(value / milli);
  }
  const power = exponent === undefined ? decimalPower(suffix) : Number(exponent);
  const scale = power - milliPower - fraction.length;
  const value = capped(scale >= 0 ? digits * 10n ** BigInt(scale) : divideUp(digits, 10n ** BigInt(-scale)));
  return decimal(value, exponent === undefined ? suffixed : exponential);
}

function capped(value: bigint): bigint {
  return value > largest ? largest : value;
}

/** Rounds up, as the API server does: a request must not become 0. */
function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

function decimalPower(suffix: string): number {
  return decimalSuffixes.indexOf(suffix as (typeof decimalSuffixes)[number]) * 3 - 9;
}

/** The largest power of a thousand that leaves no fraction. */
function decimal(value: bigint, text: (number: bigint, thousands: number) => string): string {
  if (value === 0n) return "0";
  let number = value;
  let thousands = milliPower / 3;
  while (number % 1000n === 0n && thousands < 6) {
    number /= 1000n;
    thousands += 1;
  }
  return text(number, thousands);
}

const suffixed = (number: bigint, thousands: number): string => `${number}${decimalSuffixes[thousands + 3] ?? ""}`;
const exponential = (number: bigint, thousands: number): string =>
  thousands === 0 ? `${number}` : `${number}e${thousands * 3}`;

function binaryText(bytes: bigint): string {
  let number = bytes;
  let power = 0;
  while (number % 1024n === 0n && power < binarySuffixes.length - 1) {
    number /= 1024n;
    power += 1;
  }
  return `${number}${binarySuffixes[power] ?? ""}`;
}
