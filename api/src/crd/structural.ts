/** Converts a schema to the structural schema of a CRD, with the defaults in its descriptions. */
import { joinPath } from "../schema/paths.ts";
import type { JsonSchema } from "../schema/json-schema.ts";

/** Describes the default of the field at a path; empty for none. That of a map describes its entries. */
export type DefaultOf = (path: string, isMap: boolean) => string;

export interface StructuralSchema extends Omit<JsonSchema, "type" | "properties" | "items" | "additionalProperties"> {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  /** The server stores it in the object. */
  readonly default?: object;
}

/**
 * Sets no `default:`: the server would store it in every object, where a later profile could not change it. `path` is that
 * of the value within the spec.
 */
export function structural(schema: JsonSchema, defaultOf: DefaultOf, path = ""): StructuralSchema {
  const { type, description = "", properties, items, additionalProperties, ...rest } = schema;
  const fullDescription = [description, defaultOf(path, typeof additionalProperties === "object")]
    .filter((sentence) => sentence !== "")
    .join(" ");
  return {
    ...(fullDescription === "" ? {} : { description: fullDescription }),
    // The server rejects a type beside x-kubernetes-int-or-string.
    ...(schema["x-kubernetes-int-or-string"] === true ? {} : { type: String(type) }),
    ...rest,
    ...(properties === undefined ? {} : { properties: members(properties, defaultOf, path) }),
    ...(items === undefined ? {} : { items: structural(items, () => "") }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: structural(additionalProperties, () => "") }
      : {}),
  };
}

function members(
  properties: Readonly<Record<string, JsonSchema>>,
  defaultOf: DefaultOf,
  path: string,
): Record<string, StructuralSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, child]) => [name, structural(child, defaultOf, joinPath(path, name))]),
  );
}
