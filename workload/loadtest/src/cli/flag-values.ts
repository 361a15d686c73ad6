/** Parses the values of flags; an error states what was expected. Pure. */
import { InvalidArgumentError } from "commander";
import { parseCount, parseDuration, parsePercent, parsePositive, parseRate } from "../figures/quantities.ts";
import { type ScenarioName, scenarioNames } from "../load/scenarios.ts";
import { type Threshold, parseThreshold } from "../figures/thresholds.ts";

export const count = reader(parseCount, "Expected a positive integer.");

export const countOrNone = reader(
  (text) => (text === "0" ? 0 : parseCount(text)),
  "Expected an integer of at least 0.",
);

// Each is a socket; more would exhaust the ports of one machine.
export const concurrency = reader((text) => within(parseCount(text), 20_000), "Expected an integer from 1 to 20000.");

export const duration = reader((text) => parseDuration(text) || undefined, "Expected a duration such as 30s.");

// The histogram ends at one hour, and a timer beyond 24 days would fire at once.
export const timeout = reader(
  (text) => within(parseDuration(text) || undefined, 3_600_000),
  "Expected a duration such as 30s, up to 1h.",
);

export const rate = reader(parseRate, "Expected a number of at least 0.001.");

// Each is a WebRTC connection, which needs about 3 MB here and a process in the processor.
export const sessions = reader((text) => within(parseCount(text), 1000), "Expected an integer from 1 to 1000.");

export const framesPerSecond = reader((text) => within(parseRate(text), 120), "Expected a number from 0.001 to 120.");

export const factor = reader(parsePositive, "Expected a positive number.");

export const share = reader(parsePercent, "Expected a percentage such as 10%.");

/** The URL to post to. */
export function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new InvalidArgumentError("Expected http://host[:port][/path].");
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidArgumentError("Pass credentials with --header: the report contains the URL.");
  }
  url.hash = "";
  return url;
}

export function headerOf(text: string): readonly [string, string] {
  const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+):\s*([\x20-\x7e]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Expected "Name: value".');
  return [name.toLowerCase(), value];
}

export function thresholdOf(text: string): Threshold {
  const threshold = parseThreshold(text);
  if ("wrong" in threshold) throw new InvalidArgumentError(threshold.wrong);
  return threshold;
}

export function scenarioOf(text: string): ScenarioName {
  const name = scenarioNames.find((known) => known === text);
  if (name === undefined) throw new InvalidArgumentError(`Known scenarios: ${scenarioNames.join(", ")}.`);
  return name;
}

/** Collects the values of a repeatable flag. */
export function collect<T>(read: (text: string) => T): (text: string, before: readonly T[] | undefined) => T[] {
  return (text, before = []) => [...before, read(text)];
}

function reader<T>(parse: (text: string) => T | undefined, expected: string): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(expected);
    return value;
  };
}

function within(value: number | undefined, limit: number): number | undefined {
  return value !== undefined && value <= limit ? value : undefined;
}
