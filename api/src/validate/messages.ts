/** Messages for what ajv found: the value, what it must be, and the next step. */
import type { ErrorObject } from "ajv";
import { addressPattern, iceServerPattern } from "../schema/live-fields.ts";
import {
  durationPattern,
  labelPattern,
  positiveSecondsPattern,
  quantityPattern,
  secondsPattern,
  subdomainPattern,
} from "../schema/scalars.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { nearest } from "./nearest.ts";

const expectations: Readonly<Record<string, string>> = {
  [durationPattern]: "a duration, such as 2ms, 1.5s or 5m",
  [secondsPattern]: "a duration in whole seconds, such as 90s or 5m",
  [positiveSecondsPattern]: "a duration in whole seconds above 0, such as 90s or 5m",
  [quantityPattern]: "a non-negative quantity, such as 500m, 4 or 8Gi",
  [subdomainPattern]: "a name of a-z, 0-9, - and dots",
  [labelPattern]: "a name of a-z, 0-9 and -",
  [addressPattern]: "an IP address, such as 203.0.113.7",
  [iceServerPattern]: "the URL of a STUN or TURN server, such as turn:turn.example.com:3478?transport=tcp",
};

/** The message of an error that ajv reported with `verbose`; `root` is the schema of the whole object. */
export function messageOf({ keyword, params, data, parentSchema }: ErrorObject, root: JsonSchema): string {
  const schema = parentSchema as JsonSchema;
  switch (keyword) {
    case "additionalProperties":
      return unknownField((params as { additionalProperty: string }).additionalProperty, schema, root);
    case "required":
      return `${(params as { missingProperty: string }).missingProperty} is required`;
    case "type":
      return `is ${described(data)}, but must be ${expected(schema)}`;
    case "enum":
      return `is ${described(data)}, but must be one of ${listed(schema.enum ?? [])}${suggestion(data, schema.enum ?? [])}`;
    case "const":
      return `is ${described(data)}, but must be ${String(schema.const)}`;
    case "pattern":
      return `is ${described(data)}, but must be ${expectations[schema.pattern ?? ""] ?? `text that matches ${schema.pattern}`}`;
    case "format":
      return `is ${described(data)}, but must be a range of addresses, such as 10.0.0.0/8 or fd00::/8`;
    case "minimum":
      return `is ${String(data)}, but must be at least ${schema.minimum}`;
    case "maximum":
      return `is ${String(data)}, but must be at most ${schema.maximum}`;
    case "minLength":
      return data === "" ? "is empty: give a value, or leave it out" : `is shorter than ${schema.minLength} characters`;
    case "maxLength":
      return `has ${String(data).length} characters, but may have at most ${schema.maxLength}`;
    case "minItems":
      return `needs at least ${schema.minItems} ${schema.minItems === 1 ? "item" : "items"}`;
    case "maxItems":
      return `has ${(data as unknown[]).length} items, but may have at most ${schema.maxItems}`;
    case "maxProperties":
      return `has ${Object.keys(data as object).length} entries, but may have at most ${schema.maxProperties}`;
    case "x-kubernetes-list-type":
      return "has duplicate entries: remove one of them";
    default:
      return `is invalid (${keyword})`;
  }
}

function unknownField(name: string, { properties = {} }: JsonSchema, root: JsonSchema): string {
  const known = Object.keys(properties);
  const close = nearest(name, known);
  if (close !== undefined) return `unknown field ${name}: did you mean ${close}?`;
  const elsewhere = pathsOf(name, root, []);
  if (elsewhere.length > 0 && elsewhere.length <= maxPaths)
    return `unknown field ${name}: did you mean ${elsewhere.join(" or ")}?`;
  return `unknown field ${name}: remove it (allowed fields: ${known.join(", ")})`;
}

/** A field such as `enabled` exists in too many places to list them. */
const maxPaths = 2;

/** Returns the paths of all fields with this name, as the usual mistake is the indentation. */
function pathsOf(name: string, { properties = {} }: JsonSchema, parent: readonly string[]): readonly string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const path = [...parent, key];
    return [...(key === name ? [path.join(".")] : []), ...pathsOf(name, schema, path)];
  });
}

function suggestion(data: unknown, values: readonly unknown[]): string {
  const close = nearest(String(data), values.map(String));
  return close === undefined ? "" : `: did you mean ${close}?`;
}

function described(data: unknown): string {
  if (data === null) return "empty";
  if (Array.isArray(data)) return "a list";
  if (typeof data === "object") return "a mapping";
  if (typeof data === "string") return data === "" ? "empty text" : `the text "${shortened(data)}"`;
  return JSON.stringify(data);
}

function expected(schema: JsonSchema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return 'a quantity: a whole number, or text such as "0.5" or 8Gi';
  const names: Readonly<Record<string, string>> = {
    object: "a mapping",
    array: "a list",
    string: expectations[schema.pattern ?? ""] ?? "text (put it in quotes)",
    integer: "a whole number",
    boolean: "true or false",
  };
  if (schema.enum !== undefined) return `one of ${listed(schema.enum)}, as text: put it in quotes`;
  return names[String(schema.type)] ?? String(schema.type);
}

function listed(values: readonly unknown[]): string {
  return values.map(String).join(", ");
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}
