/**
 * What becomes of the PrometheusRule of a single service, which records the targets of pods that export none, and with older
 * operators had all of its alerts. Pure.
 *
 * | pods export their targets | live rule | shared rules and exports | action                  |
 * | ------------------------- | --------- | ------------------------ | ----------------------- |
 * | all                       | yes       | older than the overlap   | delete it               |
 * | some do not               | any       | older than the overlap   | write it                |
 * | some do not               | none      | any                      | write it                |
 * | not known                 | any       | any                      | leave it as it is       |
 * | any                       | yes       | younger, or absent       | leave it until then     |
 * | any                       | yes       | not loaded by everything that loads the rule | leave it |
 */
import { monitoringLabels } from "../desired/child.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { PrometheusView } from "../observe/prometheus-view.ts";
import { namespaceNameLabel, requirements } from "./label-selector.ts";
import { isMet } from "./node-affinity.ts";

/**
 * Longer than each alert must hold before it fires, except GpuMediaGpuUnderused, which is information: an alert that fires now
 * fires from the shared rules before its old rule goes. In ms.
 */
export const overlapMs = 35 * 60_000;

export interface OwnRuleInput {
  /** Do all pods export their targets? Undefined: no pod has reported. */
  readonly exportTargets: boolean | undefined;
  /** For how long all of them have, in ms. */
  readonly exportedForMs: number;
  readonly isLive: boolean;
  /** For how long the shared rules have existed, in ms; undefined: they do not. */
  readonly sharedForMs: number | undefined;
  /** Does everything that may load the rule load the shared ones, too? */
  readonly isSharedLoaded: boolean;
}

export type OwnRule =
  | { readonly do: "write" }
  | { readonly do: "delete" }
  /** `recheckMs`: when that may change although nothing in the cluster does. */
  | { readonly do: "leave"; readonly recheckMs?: number };

export function ownRule({ exportTargets, exportedForMs, isLive, sharedForMs, isSharedLoaded }: OwnRuleInput): OwnRule {
  if (exportTargets === undefined) return { do: "leave" };
  if (!isLive) return { do: exportTargets ? "delete" : "write" };
  if (sharedForMs === undefined || !isSharedLoaded) return { do: "leave" };
  const overlapped = exportTargets ? Math.min(sharedForMs, exportedForMs) : sharedForMs;
  if (overlapped < overlapMs) return { do: "leave", recheckMs: overlapMs - overlapped };
  return { do: exportTargets ? "delete" : "write" };
}

/** A rule of the service in its own namespace. */
export interface RuleOfService {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function ruleOf(service: EffectiveService): RuleOfService {
  return { namespace: service.namespace, labels: monitoringLabels(service) };
}

/**
 * Returns what may apply a rule of the service to it, but not the shared rules in the namespace `shared`; undefined if nothing
 * does. Of the labels of namespaces only their names are known, so a selector of others may select any of them.
 */
export function losesSharedRules(
  loaders: readonly PrometheusView[],
  { namespace, labels }: RuleOfService,
  shared: string,
): PrometheusView | undefined {
  if (namespace === shared) return undefined;
  return loaders.find(({ key, rules, isEnforced }) => {
    if (rules.labels === undefined) return false;
    if (!requirements(rules.labels).every((one) => isMet(one, labels))) return false;
    if (rules.namespaces === undefined) return key.startsWith(`${namespace}/`);
    const all = requirements(rules.namespaces);
    const selects = (name: string): boolean =>
      all.every((one) => one.key !== namespaceNameLabel || isMet(one, { [namespaceNameLabel]: name }));
    if (!selects(namespace)) return false;
    return isEnforced || !selects(shared) || all.some(({ key: label }) => label !== namespaceNameLabel);
  });
}
