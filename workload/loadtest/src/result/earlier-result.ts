/** Reads the result of an earlier run, full or as termination message, to compare with. */
import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import type { Outline } from "./result.ts";
import contract from "./result.schema.json" with { type: "json" };

const ajv = new Ajv({ allowUnionTypes: true }).addSchema(contract, "contract");
const validate = ajv.compile<Outline>({ $ref: "contract#/definitions/measured" });

export type EarlierError = { readonly kind: "unreadable-result"; readonly message: string };

export async function readEarlierResult(file: string): Promise<Outline | EarlierError> {
  const text = await readFile(file, "utf8").catch((error: unknown) => error);
  if (typeof text !== "string") return unreadable(file, text instanceof Error ? text.message : String(text));
  return parseEarlierResult(file, text);
}

/** Pure part of the above; `file` is only named in errors. */
export function parseEarlierResult(file: string, text: string): Outline | EarlierError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return unreadable(file, "is not JSON");
  }
  if (validate(parsed)) return parsed;
  const [first] = validate.errors ?? [];
  return unreadable(file, `is no result of a run: ${first?.instancePath ?? ""} ${first?.message ?? ""}`);
}

function unreadable(file: string, reason: string): EarlierError {
  return { kind: "unreadable-result", message: `${file}: ${reason}` };
}
