/** Renders the reference of a kind as Markdown from the CRD's schema. */
import { joinPath } from "../schema/paths.ts";
import type { CustomResourceDefinition } from "./crds.ts";
import type { StructuralSchema } from "./structural.ts";

/** Types of core/v1 and meta/v1, which the Kubernetes documentation describes. */
const documentedElsewhere: ReadonlySet<string> = new Set([
  "affinity",
  "labelSelector",
  "podSelector",
  "namespaceSelector",
]);

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

export function referencePage({ spec: definition }: CustomResourceDefinition): string {
  const { group, scope, names, versions } = definition;
  const [version] = versions;
  if (version === undefined) throw new Error(`${names.kind} has no version`);
  const { description = "", properties = {} } = version.schema.openAPIV3Schema;
  const parts = Object.entries(properties).filter(([, { properties: members }]) => members !== undefined);
  return [
    "<!-- Generated from api/src by `make generate`: do not edit. -->",
    `# ${names.kind}`,
    `${description} API version \`${group}/${version.name}\`, ${scope === "Cluster" ? "cluster-scoped" : "namespaced"}, short name \`${names.shortNames.join("`, `")}\`.`,
    ...parts.flatMap(([name, schema]) => [`## ${name}`, schema.description ?? "", table(fields(schema, ""))]),
    "## Rules",
    "Besides types and bounds, the API server enforces these rules. Each line is the message of a violation:",
    rules(version.schema.openAPIV3Schema)
      .map((message) => `- ${message}`)
      .join("\n"),
    "",
  ].join("\n\n");
}

function fields(schema: StructuralSchema, parent: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = joinPath(parent, name);
    const below = documentedElsewhere.has(name)
      ? []
      : fields(child.items ?? child, child.items === undefined ? path : `${path}[]`);
    return [{ path, schema: child, required: schema.required?.includes(name) ?? false }, ...below];
  });
}

function table(rows: readonly Field[]): string {
  return [
    "| field | type | description |",
    "| --- | --- | --- |",
    ...rows.map(({ path, schema, required }) => {
      const needed = required ? " **Required.**" : "";
      return `| \`${path}\` | ${typeOf(schema)} | ${escaped(schema.description ?? "")}${needed} |`;
    }),
  ].join("\n");
}

function typeOf(schema: StructuralSchema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "quantity";
  if (schema.enum !== undefined) return schema.enum.map(String).join(", ");
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}`;
  const { minimum, maximum } = schema;
  return minimum === undefined || maximum === undefined ? String(schema.type) : `${schema.type} ${minimum}-${maximum}`;
}

function rules(schema: StructuralSchema): readonly string[] {
  const { properties = {}, items, additionalProperties } = schema;
  const below = [...Object.values(properties), items, additionalProperties].filter((child) => child !== undefined);
  const own = (schema["x-kubernetes-validations"] ?? []).map(({ message }) => message);
  return [...new Set([...own, ...below.flatMap(rules)])];
}

/** A bar would end the table cell. */
function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
