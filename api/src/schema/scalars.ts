/** The scalars that specs are made of, as Kubernetes writes them, and the shapes of objects and lists around them. */
import { Type, type Static, type TObject, type TProperties, type TSchema } from "typebox";

/** A CEL rule of the CRD; `self` is the value that it stands on, `oldSelf` what it was before a change. */
export interface CelRule {
  readonly rule: string;
  /** What is wrong and what to do about it. */
  readonly message: string;
  /** Where the user has to change something, relative to `self`: `.maxReplicas`. */
  readonly fieldPath?: string;
  /** `oldSelf` is an optional, which is empty when the object is made. Else a rule that names it is about changes alone. */
  readonly optionalOldSelf?: true;
}

export interface Described {
  readonly description: string;
  readonly rules?: readonly CelRule[];
  /** Taken or replaced as a whole: members of two owners would not fit together. */
  readonly atomic?: boolean;
}

/** `description` and rules under the keywords of a CRD. */
export function annotations({ description, rules, atomic = false }: Described) {
  return {
    description,
    ...(atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(rules === undefined ? {} : { "x-kubernetes-validations": rules }),
  };
}

/** An object all of whose members may be left out. */
export function settings<Members extends TProperties>(about: Described, members: Members) {
  return Type.Partial(Type.Object(members), { additionalProperties: false, ...annotations(about) });
}

/** An object that says itself which members may be left out, by `Type.Optional`. */
export function object<Members extends TProperties>(about: Described, members: Members): TObject<Members> {
  return Type.Object(members, { additionalProperties: false, ...annotations(about) });
}

/** String keys, as for labels. `maxProperties` bounds what a CEL rule over it can cost. */
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

/** Text of at most `maxLength` characters that matches `pattern`, where there is one. */
export function text(description: string, maxLength: number, pattern?: string) {
  return Type.String({ description, maxLength, ...(pattern === undefined ? {} : { pattern }) });
}

/**
 * Go's notation. At most three parts of six digits: enough for everybody, and never more than a 64-bit number of
 * nanoseconds, at which the Go programs that read it would fail.
 */
export const durationPattern = "^([0-9]{1,6}(\\.[0-9]{1,6})?(ms|s|m|h)){1,3}$";

/** For what is used in seconds: an annotation or a field that takes no fraction. */
export const secondsPattern = "^([0-9]{1,6}(s|m|h)){1,3}$";

/** For what must take some time. */
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

/** What `resource.Quantity` reads, from 0 up: `4Gi`, `500m`, `0.1`, `1e3`. */
export const quantityPattern =
  "^\\+?([0-9]{1,15}(\\.[0-9]{0,9})?|\\.[0-9]{1,9})(([KMGTPE]i)|[numkMGTPE]|[eE][-+]?[0-9]{1,2})?$";

/** Whole numbers may stand without quotes, as in the guide's `cpu: 4`. */
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

/** The name of a namespace, a Service and of all that becomes a label or a host name. */
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

/** The API server refuses a pod or an object with a label of another form. */
const qualifiedKeys: CelRule = {
  rule: `self.all(key, key.size() <= 317 && key.matches(r'${qualifiedNamePattern}'))`,
  message: "a key is up to 63 letters, digits, -, _ and dots, with or without a domain before it: example.com/team",
};

/** Labels that become those of objects: a wrong key would show only when the object is made. */
export function givenLabels(description: string) {
  return map({ description, rules: [qualifiedKeys], maxProperties: 32 }, labelValue());
}

/** Values may be whole configuration snippets. */
export function annotationMap(description: string) {
  return map({ description, rules: [qualifiedKeys], maxProperties: 32 }, Type.String({ maxLength: 4096 }));
}
