/** The building blocks of the schemas: scalars in Kubernetes' notation, objects and lists. */
import { Type, type Static, type TObject, type TProperties, type TSchema } from "typebox";

/** A CEL rule of the CRD; `self` is the value that it applies to, `oldSelf` its value before an update. */
export interface CelRule {
  readonly rule: string;
  /** What is wrong and how to fix it. */
  readonly message: string;
  /** The field to change, relative to `self`: `.maxReplicas`. */
  readonly fieldPath?: string;
  /** Makes `oldSelf` an optional, which is empty on creation. Otherwise a rule with `oldSelf` applies to updates only. */
  readonly optionalOldSelf?: true;
}

export interface Described {
  readonly description: string;
  readonly rules?: readonly CelRule[];
  /** Merged as a whole, as members of two owners would not fit together. */
  readonly atomic?: boolean;
}

/** Returns `description` and rules under the keywords of a CRD. */
export function annotations({ description, rules, atomic = false }: Described) {
  return {
    description,
    ...(atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(rules === undefined ? {} : { "x-kubernetes-validations": rules }),
  };
}

/** An object whose members are all optional. */
export function settings<Members extends TProperties>(about: Described, members: Members) {
  return Type.Partial(Type.Object(members), { additionalProperties: false, ...annotations(about) });
}

/** An object whose members are required unless they are `Type.Optional`. */
export function object<Members extends TProperties>(about: Described, members: Members): TObject<Members> {
  return Type.Object(members, { additionalProperties: false, ...annotations(about) });
}

/** A map with string keys. `maxProperties` bounds the cost of CEL rules over it. */
export function map<Value extends TSchema>(about: Described & { readonly maxProperties?: number }, value: Value) {
  const { maxProperties = 64 } = about;
  return Type.Unsafe<Record<string, Static<Value>>>({
    type: "object",
    additionalProperties: value,
    maxProperties,
    ...annotations(about),
  });
}

/** How server-side apply merges a list: `map` by its keys, `set` by value, `atomic` as one piece. */
export type ListKind = { readonly keys: readonly string[] } | "set" | "atomic";

export function list<Item extends TSchema>(
  kind: ListKind,
  about: Described & { readonly maxItems?: number; readonly minItems?: number },
  item: Item,
) {
  const { maxItems = 32, minItems } = about;
  return Type.Array(item, {
    maxItems,
    ...(minItems === undefined ? {} : { minItems }),
    "x-kubernetes-list-type": typeof kind === "string" ? kind : "map",
    ...(typeof kind === "string" ? {} : { "x-kubernetes-list-map-keys": kind.keys }),
    ...annotations(about),
  });
}

export function flag(description: string) {
  return Type.Boolean({ description });
}

export function oneOf<const Values extends readonly string[]>(values: Values, description: string) {
  return Type.Unsafe<Values[number]>({ type: "string", enum: values, description });
}

export function wholeNumber(description: string, minimum: number, maximum: number) {
  return Type.Integer({ description, minimum, maximum });
}

/** A number of at least 0. */
export function amount(description: string) {
  return Type.Number({ description, minimum: 0 });
}

/** Text of at most `maxLength` characters that matches the optional `pattern`. */
export function text(description: string, maxLength: number, pattern?: string) {
  return Type.String({ description, maxLength, ...(pattern === undefined ? {} : { pattern }) });
}

/**
 * Go's notation, with at most three parts of six digits: a Go program that reads it would fail on more than 64 bits of
 * nanoseconds.
 */
export const durationPattern = "^([0-9]{1,6}(\\.[0-9]{1,6})?(ms|s|m|h)){1,3}$";

/** For annotations and fields that accept whole seconds only. */
export const secondsPattern = "^([0-9]{1,6}(s|m|h)){1,3}$";

/** For durations that must not be 0. */
export const positiveSecondsPattern = "^0{0,5}[1-9][0-9]{0,5}(s|m|h)([0-9]{1,6}(s|m|h)){0,2}$";

export function duration(description: string) {
  return text(`${description} A duration, such as 2ms, 1.5s or 5m.`, 48, durationPattern);
}

export function seconds(description: string) {
  return text(`${description} A duration in whole seconds, such as 90s or 5m.`, 48, secondsPattern);
}

export function positiveSeconds(description: string) {
  return text(`${description} A duration in whole seconds above 0, such as 90s or 5m.`, 48, positiveSecondsPattern);
}

/** The non-negative values of `resource.Quantity`: `4Gi`, `500m`, `0.1`, `1e3`. */
export const quantityPattern =
  "^\\+?([0-9]{1,15}(\\.[0-9]{0,9})?|\\.[0-9]{1,9})(([KMGTPE]i)|[numkMGTPE]|[eE][-+]?[0-9]{1,2})?$";

/** Integers need no quotes, as in the guide's `cpu: 4`. */
export function quantity(description: string) {
  return Type.Unsafe<string | number>({
    type: ["integer", "string"],
    "x-kubernetes-int-or-string": true,
    description: `${description} A quantity, such as 500m, 4 or 8Gi.`,
    minimum: 0,
    maxLength: 32,
    pattern: quantityPattern,
  });
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
export const subdomainPattern = `^${label}(\\.${label})*$`;
export const labelPattern = `^${label}$`;
const qualifiedName = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?";
export const qualifiedNamePattern = `^(${label}(\\.${label})*/)?${qualifiedName}$`;

/** The name of most objects. */
export function objectName(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 253, pattern: subdomainPattern });
}

/** The name of a namespace, of a Service, and of objects whose name becomes a label or a host name. */
export function labelName(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 63, pattern: labelPattern });
}

/** `upscaler.example.com`, or `*.example.com`. */
export function hostName(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 253, pattern: `^(\\*\\.)?${label}(\\.${label})*$` });
}

/** Keys of labels and taints: `nvidia.com/gpu`. */
export function qualified(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 317, pattern: qualifiedNamePattern });
}

export const labelValue = (description?: string) =>
  Type.String({
    ...(description === undefined ? {} : { description }),
    maxLength: 63,
    pattern: `^(${qualifiedName})?$`,
  });

export function labelMap(description: string) {
  return map({ description }, labelValue());
}

/** The API server rejects objects with other label keys. */
const qualifiedKeys: CelRule = {
  rule: `self.all(key, key.size() <= 317 && key.matches(r'${qualifiedNamePattern}'))`,
  message: "a key must be at most 63 letters, digits, -, _ and dots, with an optional domain: example.com/team",
};

/** Labels of child objects: without the rule, an invalid key would be rejected only when the child is created. */
export function givenLabels(description: string) {
  return map({ description, rules: [qualifiedKeys], maxProperties: 32 }, labelValue());
}

/** Annotations, whose values may be configuration snippets. */
export function annotationMap(description: string) {
  return map({ description, rules: [qualifiedKeys], maxProperties: 32 }, Type.String({ maxLength: 4096 }));
}
