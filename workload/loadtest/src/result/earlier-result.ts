/** Reads the result of an earlier run, full or as termination message, to compare with. */
import { readFile } from "node:fs/promises";
import { formatRate, type MeasuredResult } from "@gpumedia/api/src/load-test-client.ts";
import type { LoadDescription } from "./result.ts";

export type EarlierError = { readonly kind: "unreadable-result"; readonly message: string };

export async function readEarlierResult(file: string): Promise<MeasuredResult | EarlierError> {
  const text = await readFile(file, "utf8").catch((error: unknown) => error);
  if (typeof text !== "string") return unreadable(file, text instanceof Error ? text.message : String(text));
  return parseEarlierResult(file, text);
}

/** The above without the file, which is only named in errors. */
export async function parseEarlierResult(file: string, text: string): Promise<MeasuredResult | EarlierError> {
  // Loaded when there is a result to compare with: the schemas would take half of every start.
  const { readLoadTestResult } = await import("@gpumedia/api/src/load-test-result/read.ts");
  const result = readLoadTestResult(text);
  if ("problem" in result) return unreadable(file, result.problem);
  return result.verdict === "Unreachable"
    ? unreadable(file, "its target was unreachable, so it has no figures")
    : result;
}

function unreadable(file: string, reason: string): EarlierError {
  return { kind: "unreadable-result", message: `${file}: ${reason}` };
}

/**
 * Why two runs cannot be compared; null when they can. Address and number of requests may differ: comparing two servers is a
 * use case, and a percentile does not grow with the run.
 */
export function whyNotComparable(before: LoadDescription, now: LoadDescription): string | null {
  if (before.ratePerSecond !== now.ratePerSecond) {
    return `its rate was ${rateName(before.ratePerSecond)}, this one is ${rateName(now.ratePerSecond)}`;
  }
  if (before.concurrency !== now.concurrency) {
    return `its concurrency was ${before.concurrency}, this one is ${now.concurrency}`;
  }
  return before.picturesDigest === now.picturesDigest ? null : "it sent other pictures";
}

function rateName(rate: number | null): string {
  return rate === null ? "closed loop" : formatRate(rate);
}
