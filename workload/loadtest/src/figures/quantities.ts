/** Parses the quantities of the command line: durations, percentages, rates. Pure. */
import { significant } from "@gpumedia/api/src/load-test-client.ts";

const unitMs = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
type DurationUnit = keyof typeof unitMs;

/** `20ms`, `1.5s`, `30m` in milliseconds; undefined for anything else, including a number without a unit. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Number(digits) * unitMs[unit as DurationUnit];
}

/** `0.1%` as 0.1; undefined for anything else and above 100 %. */
export function parsePercent(text: string): number | undefined {
  const [, digits] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const percent = Number(digits);
  return digits !== undefined && percent <= 100 ? percent : undefined;
}

/** `200`, `0.5` or `200/s` as requests per second; undefined for anything else and below one in 1000 s. */
export function parseRate(text: string): number | undefined {
  const rate = parsePositive(text.replace(/\/s$/, ""));
  return rate !== undefined && rate >= 0.001 ? rate : undefined;
}

/** A number above zero, with or without decimals; undefined for anything else. */
export function parsePositive(text: string): number | undefined {
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  return number > 0 ? number : undefined;
}

/** A whole number of at least 1; undefined for anything else. */
export function parseCount(text: string): number | undefined {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

/** Bytes in decimal units, as usual for networks: `812 B`, `65.3 kB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${significant(bytes / 1000 ** power)} ${units[power] ?? "B"}`;
}

/** Rounds a figure for JSON; clocks here are not more precise than three decimals of a millisecond. */
export function rounded(value: number, decimals = 3): number {
  return Number(value.toFixed(decimals));
}
