/** Reads the result of an earlier run, full or as termination message, to compare with. */
import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import type { Comparable } from "../figures/regression.ts";
import { resultSchema } from "./result.ts";

const figure = { type: "number", minimum: 0 };
const nullableFigure = { type: ["number", "null"], minimum: 0 };
const latencyFigures = ["mean", "p50", "p90", "p95", "p99", "p999", "max"];

/** The part of a result that a comparison reads; fields beside it are not looked at. */
const comparable = {
  type: "object",
  required: ["schema", "load", "figures"],
  properties: {
    schema: { const: resultSchema },
    load: {
      type: "object",
      required: ["concurrency", "ratePerSecond", "picturesDigest"],
      properties: { concurrency: figure, ratePerSecond: nullableFigure, picturesDigest: { type: "string" } },
    },
    figures: {
      type: "object",
      required: ["requestsPerSecond", "errorPercent", "rejectedPercent", "latencyMs"],
      properties: {
        requestsPerSecond: figure,
        errorPercent: figure,
        rejectedPercent: figure,
        latencyMs: {
          type: ["object", "null"],
          required: latencyFigures,
          properties: Object.fromEntries(latencyFigures.map((name) => [name, figure])),
        },
      },
    },
  },
};

const validate = new Ajv({ allowUnionTypes: true }).compile<Comparable>(comparable);

export type EarlierError = { readonly kind: "unreadable-result"; readonly message: string };

export async function readEarlierResult(file: string): Promise<Comparable | EarlierError> {
  const text = await readFile(file, "utf8").catch((error: unknown) => error);
  if (typeof text !== "string") return unreadable(file, text instanceof Error ? text.message : String(text));
  return parseEarlierResult(file, text);
}

/** Pure part of the above; `file` is only named in errors. */
export function parseEarlierResult(file: string, text: string): Comparable | EarlierError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return unreadable(file, "is not JSON");
  }
  if (validate(parsed)) return parsed;
  const [first] = validate.errors ?? [];
  return unreadable(
    file,
    `is no ${resultSchema} result with figures: ${first?.instancePath ?? ""} ${first?.message ?? ""}`,
  );
}

function unreadable(file: string, reason: string): EarlierError {
  return { kind: "unreadable-result", message: `${file}: ${reason}` };
}
