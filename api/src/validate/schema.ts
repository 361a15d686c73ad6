/** Validators of objects: strict for what people write in files, tolerant for what the API server has stored. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { Keys } from "../schema/paths.ts";
import type { Finding } from "./finding.ts";
import { isCidr } from "./cidr.ts";
import { messageOf } from "./messages.ts";

/** A mistyped field in a file is a mistake; in a stored object, a field of another version that the server has not pruned. */
export type UnknownFields = "reject" | "ignore";

type Check = (value: unknown) => readonly Finding[];

/** Compiled when it is first used: a program that never validates does not pay for it. */
export function schemaCheck(schema: JsonSchema, unknownFields: UnknownFields): Check {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= ajv().compile(unknownFields === "reject" ? schema : open(schema));
    if (validate(value)) return [];
    const errors = validate.errors ?? [];
    // Of a value that has the wrong type or is empty nothing else needs to be said.
    const decided = new Set(errors.filter(isDecisive).map(({ instancePath }) => instancePath));
    const told = errors.filter((error) => isDecisive(error) || !decided.has(error.instancePath));
    return told.map((error) => finding(error, value, schema));
  };
}

function isDecisive({ keyword }: ErrorObject): boolean {
  return keyword === "type" || keyword === "minLength";
}

function ajv(): Ajv {
  const instance = new Ajv({
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    formats: { "date-time": true, cidr: isCidr },
  });
  for (const keyword of ["int-or-string", "map-type", "list-map-keys", "validations"])
    instance.addKeyword(`x-kubernetes-${keyword}`);
  instance.addKeyword({ keyword: "x-kubernetes-list-type", type: "array", validate: hasNoDuplicates });
  return instance;
}

/** The API server refuses them, too: an apply could not tell which of the two is meant. */
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

/** A JSON pointer as keys; what is an index depends on what is there. */
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

/** The same schema with room for unknown fields. */
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
