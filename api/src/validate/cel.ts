/** Evaluates the CEL rules of the CRDs, so that files are checked like on the API server. */
import { Environment, Optional } from "@marcbachmann/cel-js";
import type { Keys } from "../schema/paths.ts";
import type { CelRule } from "../schema/scalars.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { Finding } from "./finding.ts";

const environment = new Environment({ enableOptionalTypes: true })
  .registerVariable("self", "dyn")
  .registerVariable("oldSelf", "optional");

type Program = (context: { readonly self: unknown; readonly oldSelf: Optional }) => unknown;
const programs = new Map<string, Program>();

/**
 * Returns the rules that an object breaks. Skips rules with one of the `known` findings below them: on a value of the wrong
 * type, a rule fails too and would only repeat that finding.
 */
export function ruleFindings(schema: JsonSchema, object: unknown, known: readonly Finding[] = []): readonly Finding[] {
  const below = (at: Keys) =>
    known.some(({ keys, onKey }) => onKey !== true && at.every((key, index) => keys[index] === key));
  return findings(schema, named(object), []).flatMap(({ at, ...finding }) => (below(at) ? [] : [finding]));
}

/** Adds the name that the server will generate: `generateName` and five characters. */
function named(object: unknown): unknown {
  const { metadata } = (object ?? {}) as { metadata?: { name?: string; generateName?: string } };
  if (metadata?.generateName === undefined || metadata.name !== undefined) return object;
  return { ...(object as object), metadata: { ...metadata, name: `${metadata.generateName}abcde` } };
}

/** `at` is the path of the object with the rule. */
function findings(schema: JsonSchema, value: unknown, keys: Keys): readonly (Finding & { readonly at: Keys })[] {
  if (value === undefined || value === null) return [];
  const own = rulesOnOneObject(schema).filter((rule) => !holds(rule, celValue(schema, value)));
  return [
    ...own.map((rule) => ({ at: keys, keys: [...keys, ...fieldKeys(rule)], message: rule.message })),
    ...children(schema, value).flatMap(([key, childSchema, child]) => findings(childSchema, child, [...keys, key])),
  ];
}

/** Returns the rules without those that apply to updates only, as a file has no previous version. */
export function rulesOnOneObject(schema: Pick<JsonSchema, "x-kubernetes-validations">): readonly CelRule[] {
  return (schema["x-kubernetes-validations"] ?? []).filter(
    ({ rule, optionalOldSelf = false }) => optionalOldSelf || !/\boldSelf\b/.test(rule),
  );
}

function holds({ rule }: CelRule, self: unknown): boolean {
  let program = programs.get(rule);
  if (program === undefined) {
    program = environment.parse(rule);
    programs.set(rule, program);
  }
  try {
    return program({ self, oldSelf: Optional.none() }) === true;
  } catch {
    // As on the server, a rule that cannot be evaluated is broken.
    return false;
  }
}

function fieldKeys({ fieldPath = "" }: CelRule): Keys {
  return fieldPath.split(".").slice(1);
}

/** Converts integers to BigInt, as CEL distinguishes them from other numbers by type. */
function celValue(schema: JsonSchema, value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => celValue(schema.items ?? {}, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(children(schema, value).map(([key, child, member]) => [key, celValue(child, member)]));
}

function children(schema: JsonSchema, value: unknown): readonly (readonly [string | number, JsonSchema, unknown])[] {
  const { items, properties = {}, additionalProperties } = schema;
  if (Array.isArray(value)) return value.map((item, index) => [index, items ?? {}, item] as const);
  if (typeof value !== "object" || value === null) return [];
  const others = typeof additionalProperties === "object" ? additionalProperties : {};
  return Object.entries(value).map(([key, member]) => [key, properties[key] ?? others, member] as const);
}
