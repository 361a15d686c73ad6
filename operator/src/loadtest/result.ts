/** What the load test's program wrote as its termination message (docs/load-test.md, "Output"). Pure. */
import { Ajv } from "ajv";

/** The members that the operator reads; the program's own schema has them all. */
export interface RunResult {
  readonly verdict: "Passed" | "Failed" | "Interrupted" | "Unreachable";
  readonly reasons: readonly string[];
  readonly load?: Readonly<Record<string, unknown>>;
  readonly elapsedSeconds?: number;
  readonly counts?: { readonly accepted: number; readonly rejected: number; readonly failed: number };
  readonly figures?: RunFigures;
}

export interface RunFigures {
  readonly requestsPerSecond: number;
  readonly errorPercent: number;
  readonly rejectedPercent: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
}

const amount = { type: "number", minimum: 0 };
const isResult = new Ajv({ strictTypes: false, allowUnionTypes: true }).compile<RunResult>({
  type: "object",
  required: ["schema", "verdict", "reasons"],
  properties: {
    schema: { const: "gpumedia.io/loadtest/v1" },
    verdict: { enum: ["Passed", "Failed", "Interrupted", "Unreachable"] },
    reasons: { type: "array", items: { type: "string" } },
    load: { type: "object" },
    elapsedSeconds: amount,
    counts: {
      type: "object",
      required: ["accepted", "rejected", "failed"],
      properties: { accepted: amount, rejected: amount, failed: amount },
    },
    figures: {
      type: "object",
      required: ["requestsPerSecond", "errorPercent", "rejectedPercent", "latencyMs"],
      properties: {
        requestsPerSecond: amount,
        errorPercent: amount,
        rejectedPercent: amount,
        latencyMs: {
          type: ["object", "null"],
          required: ["p50", "p95", "p99"],
          properties: { p50: amount, p95: amount, p99: amount },
        },
      },
    },
  },
});

/** Undefined when the text is no result: the container ended before it could write one. */
export function readResult(terminationMessage: string): RunResult | undefined {
  try {
    const value: unknown = JSON.parse(terminationMessage);
    return isResult(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
