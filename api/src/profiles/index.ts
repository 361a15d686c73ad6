/** The built-in profiles, with the source of each value. */
import type { CompleteSpec } from "./complete.ts";
import { development } from "./development.ts";
import { production } from "./production.ts";
import { separate, Sourced, type Source } from "./sourced.ts";
import { staging } from "./staging.ts";

export interface BuiltInProfile {
  readonly description: string;
  readonly spec: CompleteSpec;
  /** By path, such as `autoscaling.horizontal.minReplicas`. */
  readonly sources: ReadonlyMap<string, Source>;
}

export const builtInProfileNames = ["development", "staging", "production"] as const;
export type BuiltInProfileName = (typeof builtInProfileNames)[number];

/** The profile of a service that names none. */
export const defaultProfileName: BuiltInProfileName = "production";

export const builtInProfiles: Readonly<Record<BuiltInProfileName, BuiltInProfile>> = {
  development: builtIn("One GPU, debug logs, small batches, no autoscaling", over(production, development)),
  staging: builtIn("Production's load on two to four GPUs, for regression tests", over(production, staging)),
  production: builtIn("The performance guide's production setup", production),
};

function builtIn(description: string, tree: object): BuiltInProfile {
  const { values, sources } = separate(tree);
  return { description, spec: values as CompleteSpec, sources };
}

function over(lower: object, upper: object): object {
  const merged: Record<string, object> = { ...lower };
  for (const [key, value] of Object.entries(upper) as [string, object][]) {
    const below = merged[key];
    merged[key] = value instanceof Sourced || below === undefined ? value : over(below, value);
  }
  return merged;
}
