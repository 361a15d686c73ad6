/** A label selector as requirements, to be evaluated one by one. Pure. */
import type { LabelSelector } from "../observe/prometheus-view.ts";
import type { Requirement } from "./node-affinity.ts";

/** The label of every namespace; the operator may not read others. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";

export function requirements({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly Requirement[] {
  const equal = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: "In", values: [value] }));
  return [...equal, ...matchExpressions];
}
