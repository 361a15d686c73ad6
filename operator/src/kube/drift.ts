/** Finds what another field manager, or admission, has changed in a child, so that it can be reported. Pure. */
import type { FieldsV1, KubeObject, Manifest } from "./object.ts";
import { contains, fieldManager, isRecord } from "./ownership.ts";

export interface Drift {
  /** `spec.template.spec.containers[gpu-media].image` */
  readonly path: string;
  /** The live value; undefined when the field was removed. */
  readonly value: unknown;
  /** The field manager that has set the value last; undefined when it is not known, as for a field that was removed. */
  readonly manager?: string;
}

type Step = { readonly member: string } | { readonly item: string };

/** Returns the fields in which the live object differs from the desired one. */
export function drifts(live: KubeObject, desired: Manifest): readonly Drift[] {
  const { labels, annotations } = desired.metadata;
  const { apiVersion: _version, kind: _kind, ...rest } = desired;
  return differences(live, { ...rest, metadata: { labels, annotations } }).map((steps) => {
    const manager = managerOf(live, steps);
    return { path: pathOf(steps), value: valueAt(live, steps), ...(manager === undefined ? {} : { manager }) };
  });
}

/** Of the value that is there instead: `was changed to 4 by kubectl-edit`. */
export function driftText({ value, manager }: Omit<Drift, "path">): string {
  const isShown = typeof value === "number" || typeof value === "boolean" || typeof value === "string";
  const change = value === undefined ? "was removed" : `was changed${isShown ? ` to ${String(value)}` : ""}`;
  return manager === undefined ? change : `${change} by ${manager}`;
}

/** Returns the steps to each difference. Items of other field managers in a list with names are no difference. */
function differences(live: unknown, desired: unknown): readonly (readonly Step[])[] {
  const steps = stepsInto(desired);
  if (steps === undefined || stepsInto(live) === undefined) return contains(live, desired) ? [] : [[]];
  return steps.flatMap((step) =>
    differences(valueAt(live, [step]), valueAt(desired, [step])).map((deeper) => [step, ...deeper]),
  );
}

/** Undefined for a scalar, and for a list whose items have no unique names. */
function stepsInto(value: unknown): readonly Step[] | undefined {
  if (isRecord(value)) return Object.keys(value).map((member) => ({ member }));
  if (!Array.isArray(value) || !value.every((item) => isRecord(item) && typeof item.name === "string"))
    return undefined;
  const names = (value as readonly { readonly name: string }[]).map(({ name }) => name);
  return new Set(names).size === names.length ? names.map((item) => ({ item })) : undefined;
}

function valueAt(value: unknown, steps: readonly Step[]): unknown {
  return steps.reduce<unknown>((node, step) => {
    if ("member" in step) return isRecord(node) ? node[step.member] : undefined;
    return Array.isArray(node) ? node.find((item) => isRecord(item) && item.name === step.item) : undefined;
  }, value);
}

/** The other manager that owns the field; of several, the one that has written last. */
function managerOf(live: KubeObject, steps: readonly Step[]): string | undefined {
  const others = (live.metadata.managedFields ?? []).filter(
    ({ manager = fieldManager, subresource = "", fieldsV1 = {} }) =>
      !manager.startsWith(fieldManager) && subresource === "" && owns(fieldsV1, live, steps),
  );
  return others.toSorted((a, b) => (a.time ?? "").localeCompare(b.time ?? "")).at(-1)?.manager;
}

function owns(fields: FieldsV1 | undefined, live: unknown, [step, ...rest]: readonly Step[]): boolean {
  if (fields === undefined) return false;
  if (step === undefined || Object.keys(fields).length === 0) return true;
  const value = valueAt(live, [step]);
  if ("member" in step) return owns(fields[`f:${step.member}`], value, rest);
  // The key of an item need not be its name: that of a container's port is its number and protocol.
  const key = Object.keys(fields).find((name) => name.startsWith("k:") && contains(value, JSON.parse(name.slice(2))));
  return key !== undefined && owns(fields[key], value, rest);
}

function pathOf(steps: readonly Step[]): string {
  return steps
    .map((step) => ("member" in step ? `.${step.member}` : `[${step.item}]`))
    .join("")
    .slice(1);
}
