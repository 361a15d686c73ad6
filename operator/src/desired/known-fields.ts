/**
 * The fields that a kind of this cluster has. An optional API may be older than what the operator renders: the API server
 * drops a field that the CRD does not have from a POST, and rejects it in an apply with a 500, for ever. Pure.
 */
import type { Manifest } from "../kube/object.ts";

/** By name; `true`: any value, such as a scalar. Lists have the fields of their items. */
export type Fields = true | { readonly [name: string]: Fields };

/** The members of an OpenAPI v3 schema that decide which fields are kept. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly { readonly kind: string }[];
}

export function fieldsOf({ properties, items, ...more }: Schema): Fields {
  if (items !== undefined) return fieldsOf(items);
  const isOpen = more["x-kubernetes-preserve-unknown-fields"] === true || more.additionalProperties !== undefined;
  if (properties === undefined || isOpen) return true;
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fieldsOf(schema)]));
}

export interface Fitted {
  readonly manifest: Manifest;
  /** The fields that were left out: `spec.rules[].timeouts`. */
  readonly omitted: readonly string[];
}

/** `wholes`: fields that are left out as a whole when one below them is missing. */
export function fit(manifest: Manifest, fields: Fields | undefined, wholes: readonly string[] = []): Fitted {
  if (fields === undefined) return { manifest, omitted: [] };
  const { apiVersion, kind, metadata, ...body } = manifest;
  const omitted = new Set(
    unknownFields(body, fields, "").map((path) => wholes.find((whole) => path.startsWith(`${whole}.`)) ?? path),
  );
  if (omitted.size === 0) return { manifest, omitted: [] };
  const kept = without(body, omitted, "") as object;
  return { manifest: { apiVersion, kind, metadata, ...kept }, omitted: [...omitted] };
}

function unknownFields(value: unknown, fields: Fields, path: string): readonly string[] {
  if (fields === true || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => unknownFields(item, fields, `${path}[]`));
  return Object.entries(value).flatMap(([name, member]) => {
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return known === undefined ? [join(path, name)] : unknownFields(member, known, join(path, name));
  });
}

function without(value: unknown, omitted: ReadonlySet<string>, path: string): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, omitted, `${path}[]`));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !omitted.has(join(path, name)));
  return Object.fromEntries(members.map(([name, member]) => [name, without(member, omitted, join(path, name))]));
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
