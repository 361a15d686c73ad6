/** From our schemas to the structural schema of a CRD: what an API server takes, with the defaults told in words. */
import { joinPath } from "../schema/paths.ts";
import type { JsonSchema } from "../schema/json-schema.ts";

/** What the description of the field at a path should say about its default; empty: nothing. A map's is that of its entries. */
export type DefaultOf = (path: string, isMap: boolean) => string;

export interface StructuralSchema extends Omit<JsonSchema, "type" | "properties" | "items" | "additionalProperties"> {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  /** Written into the object by the server. */
  readonly default?: object;
}

/**
 * No `default:` anywhere: the server would write it into every object, and a later profile or guide could not change it.
 * `path` is that of the value within the spec.
 */
export function structural(schema: JsonSchema, defaultOf: DefaultOf, path = ""): StructuralSchema {
  const { type, description = "", properties, items, additionalProperties, ...rest } = schema;
  const said = [description, defaultOf(path, typeof additionalProperties === "object")]
    .filter((sentence) => sentence !== "")
    .join(" ");
  return {
    ...(said === "" ? {} : { description: said }),
    // The server knows itself that such a value is an integer or a string, and refuses a type beside it.
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
