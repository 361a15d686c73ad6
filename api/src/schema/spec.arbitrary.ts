/** Random specs that the schema accepts, for property tests. */
import * as fc from "fast-check";
import type { JsonSchema } from "./json-schema.ts";

/** Returns values that fit the schema's types, bounds and patterns, but may break its CEL rules. */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const known = cache.get(schema);
  if (known !== undefined) return known;
  const arbitrary = make(schema);
  cache.set(schema, arbitrary);
  return arbitrary;
}

/** Caches the arbitrary of each schema. */
const cache = new WeakMap<JsonSchema, fc.Arbitrary<unknown>>();

function make(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema["x-kubernetes-int-or-string"] === true) return fc.oneof(quantities, fc.nat(64));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (String(schema.type)) {
    case "object":
      return objects(schema);
    case "array":
      return lists(schema);
    case "string":
      return texts(schema);
    case "integer":
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000 });
    case "number":
      return fc.double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000, noNaN: true });
    case "boolean":
      return fc.boolean();
    default:
      throw new Error(`no arbitrary for type ${String(schema.type)}`);
  }
}

const quantities = fc.constantFrom("0", "0.1", "1", "1e3", "500m", "4Gi", "1.5Gi", "+2", ".5", "3k");

function objects({ properties, required = [], additionalProperties }: JsonSchema): fc.Arbitrary<unknown> {
  if (typeof additionalProperties === "object") {
    const keys = fc.constantFrom("cpu", "memory", "example.com/a", "net.ipv4.tcp_fin_timeout", "team", "a b");
    return fc.dictionary(keys, arbitraryOf(additionalProperties), { maxKeys: 3, noNullPrototype: true });
  }
  // A random range does not lie within that of another field.
  const members = Object.entries(properties ?? {}).filter(([name]) => name !== "except");
  const optional = members.map(([name]) => name).filter((name) => !required.includes(name));
  // Few at a time: a spec that sets everything contradicts itself.
  return fc.subarray(optional, { maxLength: Math.min(optional.length, 2) }).chain((chosen) => {
    const present = members.filter(([name]) => required.includes(name) || chosen.includes(name));
    return fc.record(Object.fromEntries(present.map(([name, child]) => [name, arbitraryOf(child)])), {
      noNullPrototype: true,
    });
  });
}

function lists(schema: JsonSchema): fc.Arbitrary<unknown> {
  const keys = schema["x-kubernetes-list-map-keys"];
  const constraints = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 3, 3) };
  const items = arbitraryOf(schema.items ?? {});
  if (schema["x-kubernetes-list-type"] === "atomic") return fc.array(items, constraints);
  const selector = (item: unknown): string =>
    JSON.stringify(keys === undefined ? item : keys.map((key) => (item as Record<string, unknown>)[key]));
  return fc.uniqueArray(items, { ...constraints, selector });
}

function texts({ pattern, format, minLength = 0, maxLength = 32 }: JsonSchema): fc.Arbitrary<unknown> {
  const bounded = { minLength, maxLength: Math.min(maxLength, 32) };
  if (format === "cidr") return fc.constantFrom("10.0.0.0/8", "fd00::/8");
  if (pattern === undefined) return fc.string(bounded);
  // ASCII only: beyond it, Go and JavaScript differ on the meaning of \s and \S.
  return fc
    .stringMatching(new RegExp(pattern), { size: "-1" })
    .filter((text) => text.length >= minLength && text.length <= maxLength && /^[ -~]*$/.test(text));
}
