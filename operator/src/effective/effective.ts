/** From what a user wrote to a complete service: profile, spec, and what follows from them together. */
import { defaultProfileName, type CompleteSpec, type GpuMediaService } from "@gpumedia/api";
import { derive, normalise } from "./combinations.ts";
import { contradictions } from "./contradictions.ts";
import { layer, type Layer } from "./layers.ts";
import { resolveProfile, type ProfileLookup } from "./profiles.ts";
import type { Effective, EffectiveService, Ineffective, Origin, Problem } from "./service.ts";

/** What the operator's flags give to services that do not say otherwise. */
export interface Defaults {
  readonly processorImage: string;
}

/** The complete service and where each of its values comes from, or what is wrong with it. */
export function effectiveService(service: GpuMediaService, profiles: ProfileLookup, defaults: Defaults): Effective {
  const { profile = defaultProfileName, suspend = false, ...spec } = service.spec ?? {};
  const resolved = resolveProfile(profile, profiles);
  if (resolved.kind !== "Resolved") return resolved;

  const stated = layer<Origin>([
    { values: { image: defaults.processorImage }, originOf: () => ({ kind: "flag", flag: "--processor-image" }) },
    ...resolved.layers,
    { values: spec, originOf: () => ({ kind: "spec" }) },
  ]);
  const derived = derive(stated.values as CompleteSpec, stated.origins);
  const { values, origins } = layer<Origin>([asIs(stated), asIs(derived)]);

  const effective: EffectiveService = {
    ...(normalise(values as CompleteSpec) as CompleteSpec & { image: string }),
    ...identity(service),
    profile,
    suspend,
  };
  const problems = contradictions(effective, origins);
  return problems.length > 0 ? invalid(problems) : { kind: "Effective", service: effective, origins };
}

function asIs({ values, origins }: { values: object; origins: ReadonlyMap<string, Origin> }): Layer<Origin> {
  return { values, originOf: (path) => origins.get(path) ?? { kind: "spec" } };
}

function identity({
  apiVersion,
  kind,
  metadata,
}: GpuMediaService): Pick<EffectiveService, "name" | "namespace" | "owner"> {
  const { name, namespace = "default", uid = "" } = metadata;
  return { name, namespace, owner: { apiVersion, kind, name, uid } };
}

function invalid(problems: readonly Problem[]): Ineffective {
  return {
    kind: "InvalidSpec",
    problems,
    message: problems.map(({ path, message }) => `${path}: ${message}`).join("; "),
  };
}
