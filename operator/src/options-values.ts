/** The values of flags: text in, value out, or a sentence that says what is accepted. */
import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
import { logLevels, type LogLevel } from "./runtime/log.ts";
import type { ListenAddress } from "./runtime/health.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go's notation, as Kubernetes writes durations: `15s`, `1m30s`, `500ms`. In milliseconds; longer than 0. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/gy)];
  const read = parts.map(([part]) => part).join("");
  const totalMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0);
  if (read !== text || totalMs <= 0)
    throw new InvalidArgumentError("A duration is wanted, such as 15s, 1m30s or 500ms.");
  return totalMs;
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is wanted.`);
  };
}

/** `:8081` for all addresses, `127.0.0.1:8081`, `[::1]:8081`; `0` for none. */
export function listenAddress(text: string): ListenAddress | "off" {
  if (text === "0") return "off";
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535))
    throw new InvalidArgumentError("An address is wanted, such as :8081 or 127.0.0.1:8081; 0 is off.");
  const host = ipv6 ?? name ?? "";
  return host === "" ? { port } : { host, port };
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function namespace(text: string): string {
  if (label.test(text)) return text;
  throw new InvalidArgumentError("The name of a namespace is wanted: up to 63 of a-z, 0-9 and -.");
}

/** Comma-separated, without duplicates. */
export function namespaces(text: string): readonly string[] {
  return [...new Set(text.split(",").map((name) => namespace(name.trim())))];
}

export function objectName(text: string): string {
  if (subdomain.test(text)) return text;
  throw new InvalidArgumentError("The name of an object is wanted: up to 253 of a-z, 0-9, - and dots.");
}

export function imageName(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new InvalidArgumentError("The name of an image is wanted.");
}

export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("A URL is wanted, such as https://example.com/runbooks.");
}

export function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError("An IP address is wanted.");
}

export function path(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("A path is wanted.");
}

export function logLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`One of ${logLevels.join(", ")} is wanted.`);
}

/** Only from the environment: on the command line it is `--flag` or `--no-flag`. */
export function onOrOff(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new InvalidArgumentError("true or false is wanted.");
}
