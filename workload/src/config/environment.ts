/** Environment variables over the configuration: `GPUMEDIA_` and the path of the member in capitals. Pure. */
import { processorConfig } from "@gpumedia/api/src/processor-config.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export interface Override {
  readonly variable: string;
  readonly path: readonly string[];
  readonly type: string;
}

/** Every supported variable, in the order of the schema. */
export const overrides: readonly Override[] = leaves(processorConfig as Schema, []);

function leaves(schema: Schema, path: readonly string[]): Override[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, member]) => leaves(member, [...path, name]));
  }
  const words = path.map((name) => name.replace(/[A-Z]/g, "_$&").toUpperCase());
  return [{ variable: `GPUMEDIA_${words.join("_")}`, path, type: schema.type ?? "string" }];
}

/** The configuration with the overrides of the environment; the schema validates the values. */
export function withEnvironment(config: unknown, env: Readonly<Record<string, string | undefined>>): unknown {
  let result = config;
  for (const { variable, path, type } of overrides) {
    const text = env[variable];
    // Kubernetes sets an absent value to the empty string.
    if (text !== undefined && text !== "") result = withMember(result, path, valueOf(text, type));
  }
  return result;
}

function valueOf(text: string, type: string): unknown {
  if (type === "integer" && /^-?[0-9]+$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  if (type === "array") {
    return text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }
  return text;
}

function withMember(config: unknown, [name = "", ...rest]: readonly string[], value: unknown): unknown {
  const object = typeof config === "object" && config !== null ? (config as Record<string, unknown>) : {};
  return { ...object, [name]: rest.length === 0 ? value : withMember(object[name], rest, value) };
}
