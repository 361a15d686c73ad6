/** Required node affinity, as the scheduler evaluates it. Pure. */
import type { NodeView } from "../observe/node-view.ts";

/** Of `metav1.LabelSelector` or a NodeSelectorTerm. */
export interface Requirement {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly values?: readonly string[] | undefined;
}

/** `nodeSelectorTerms[]` of core/v1. */
export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly Requirement[] | undefined;
  readonly matchFields?: readonly Requirement[] | undefined;
}

/**
 * Does the node meet one of the terms? A term without requirements matches no node.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#NodeSelectorTerm
 */
export function meetsAffinity({ name, labels }: NodeView, terms: readonly NodeSelectorTerm[]): boolean {
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false;
    const fields = { "metadata.name": name };
    return (
      matchExpressions.every((requirement) => isMet(requirement, labels)) &&
      matchFields.every((requirement) => isMet(requirement, fields))
    );
  });
}

/** An operator that is not known is never met. */
export function isMet({ key = "", operator, values = [] }: Requirement, of: Readonly<Record<string, string>>): boolean {
  const value = of[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return Number(value) > Number(values[0]);
    case "Lt":
      return Number(value) < Number(values[0]);
    case undefined:
    default:
      return false;
  }
}

/** The terms as a selector: `zone in (a,b), disk; or metadata.name in (n)`. */
export function affinityText(terms: readonly NodeSelectorTerm[]): string {
  const texts = terms.map(({ matchExpressions = [], matchFields = [] }) =>
    [...matchExpressions, ...matchFields].map(requirementText).join(", "),
  );
  return texts.join("; or ");
}

const comparisons: Readonly<Record<string, string>> = { In: "in", NotIn: "notin", Gt: ">", Lt: "<" };

/** As in a selector of kubectl. */
export function requirementText({ key = "", operator = "", values = [] }: Requirement): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  const isList = operator === "In" || operator === "NotIn";
  return `${key} ${comparisons[operator] ?? operator} ${isList ? `(${values.join(",")})` : values.join()}`;
}
