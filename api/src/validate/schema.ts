/** Validates objects against a schema: strictly for files, leniently for objects that the API server has stored. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { Keys } from "../schema/paths.ts";
import type { Finding } from "./finding.ts";
import { isCidr } from "./cidr.ts";
import { messageOf } from "./messages.ts";
import { quickCompile } from "../schema/quick-compile.ts";

/** In a file, an unknown field is a typing mistake; in a stored object, it belongs to another version of the schema. */
export type UnknownFields = "reject" | "ignore";

type Check = (value: unknown) => readonly Finding[];

/** Compiles the schema on first use, so that a program that never validates does not pay for it. */
export function schemaCheck(schema: JsonSchema, unknownFields: UnknownFields): Check {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= ajv().compile(unknownFields === "reject" ? schema : open(schema));
    if (validate(value)) return [];
    const errors = validate.errors ?? [];
    // For a value of the wrong type, or an empty one, further errors would be noise.
    const decided = new Set(errors.filter(isDecisive).map(({ instancePath }) => instancePath));
    const reported = errors.filter((error) => isDecisive(error) || !decided.has(error.instancePath));
    return reported.map((error) => finding(error, value, schema));
  };
}

function isDecisive({ keyword }: ErrorObject): boolean {
  return keyword === "type" || keyword === "minLength";
}

function ajv(): Ajv {
  const instance = new Ajv({
    allErrors: true,
    ...quickCompile,
    verbose: true,
    allowUnionTypes: true,
    formats: { "date-time": true, cidr: isCidr },
  });
  for (const keyword of ["int-or-string", "map-type", "list-map-keys", "validations"])
    instance.addKeyword(`x-kubernetes-${keyword}`);
  instance.addKeyword({ keyword: "x-kubernetes-list-type", type: "array", validate: hasNoDuplicates });
  return instance;
}

/** The API server rejects duplicates, too: an apply could not distinguish them. */
function hasNoDuplicates(kind: string, items: readonly unknown[], schema?: unknown): boolean {
  if (kind === "atomic") return true;
  const keys = (schema as JsonSchema)["x-kubernetes-list-map-keys"] ?? [];
  const names = items.map((item) =>
    JSON.stringify(kind === "set" ? item : keys.map((key) => (item as Record<string, unknown> | null)?.[key])),
  );
  return new Set(names).size === names.length;
}

function finding(error: ErrorObject, value: unknown, root: JsonSchema): Finding {
  const keys = keysOf(error.instancePath, value);
  const message = messageOf(error, root);
  if (error.keyword !== "additionalProperties") return { keys, message };
  const { additionalProperty } = error.params as { additionalProperty: string };
  return { keys: [...keys, additionalProperty], message, onKey: true };
}

/** Converts a JSON pointer to keys; a part is an index where the value is a list. */
function keysOf(pointer: string, value: unknown): Keys {
  const keys: (string | number)[] = [];
  let node = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const key = Array.isArray(node) ? Number(name) : name;
    node = (node as Record<string | number, unknown> | null)?.[key];
    keys.push(key);
  }
  return keys;
}

/** Returns the schema without its restriction on unknown fields. */
function open(schema: JsonSchema): JsonSchema {
  const { additionalProperties, properties, items, ...rest } = schema;
  return {
    ...rest,
    ...(typeof additionalProperties === "object" ? { additionalProperties: open(additionalProperties) } : {}),
    ...(items === undefined ? {} : { items: open(items) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, open(child)])) }),
  };
}
