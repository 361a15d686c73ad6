/** Parsers of the flags' values: each returns a value, or throws an error that names what is accepted. */
import { isIP } from "node:net";
import { durationMs } from "@gpumedia/api";
import { InvalidArgumentError } from "commander";
import { logLevels, type LogLevel } from "../runtime/log.ts";
import type { ListenAddress } from "../runtime/health.ts";

/** Reads a duration in Go's notation, as Kubernetes writes it: `15s`, `1m30s`, `500ms`. In milliseconds, above 0. */
export function duration(text: string): number {
  const ms = durationMs(text);
  if (ms > 0) return ms;
  throw new InvalidArgumentError("Must be a duration, such as 15s, 1m30s or 500ms.");
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Must be a whole number from ${min} to ${max}.`);
  };
}

/** Reads `:8081` (all addresses), `127.0.0.1:8081` or `[::1]:8081`; `0` disables. */
export function listenAddress(text: string): ListenAddress | "off" {
  if (text === "0") return "off";
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port <= 65_535))
    throw new InvalidArgumentError("Must be an address, such as :8081 or 127.0.0.1:8081, or 0 to disable.");
  const host = ipv6 ?? name ?? "";
  return host === "" ? { port } : { host, port };
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function namespace(text: string): string {
  if (label.test(text)) return text;
  throw new InvalidArgumentError("Must be the name of a namespace: up to 63 of a-z, 0-9 and -.");
}

/** Reads a comma-separated list and drops duplicates. */
export function namespaces(text: string): readonly string[] {
  return [...new Set(text.split(",").map((name) => namespace(name.trim())))];
}

export function objectName(text: string): string {
  if (subdomain.test(text)) return text;
  throw new InvalidArgumentError("Must be the name of an object: up to 253 of a-z, 0-9, - and dots.");
}

export function imageName(text: string): string {
  if (/^\S+$/.test(text)) return text;
  throw new InvalidArgumentError("Must be the name of an image.");
}

export function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("Must be a URL, such as https://example.com/runbooks.");
}

export function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError("Must be an IP address.");
}

export function path(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Must be a path.");
}

export function logLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`Must be one of ${logLevels.join(", ")}.`);
}

/** Reads a boolean of the environment; on the command line it is `--flag` or `--no-flag`. */
export function onOrOff(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new InvalidArgumentError("Must be true or false.");
}
