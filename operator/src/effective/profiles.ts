/** Resolves a profile's name: its chain of `basedOn`, down to a built-in profile. */
import {
  builtInProfileNames,
  builtInProfiles,
  defaultProfileName,
  nearestName,
  type BuiltInProfileName,
  type GpuMediaProfile,
} from "@gpumedia/api";
import type { Layer } from "./layers.ts";
import type { Ineffective, Origin } from "./service.ts";

/** The cluster's GpuMediaProfile objects by name. */
export type ProfileLookup = Pick<ReadonlyMap<string, GpuMediaProfile>, "get">;

export type ResolvedProfile =
  | {
      readonly kind: "Resolved";
      /** The lowest layer. */
      readonly builtIn: BuiltInProfileName;
      /** The GpuMediaProfile objects above it, the one that the service names first. */
      readonly objects: readonly GpuMediaProfile[];
    }
  | Extract<Ineffective, { readonly kind: "UnknownProfile" | "ProfileCycle" }>;

/**
 * An object overrides the built-in profile of the same name, and may itself be based on that one. An object without
 * `basedOn` is based on the built-in production.
 */
export function resolveProfile(name: string, profiles: ProfileLookup): ResolvedProfile {
  const objects: GpuMediaProfile[] = [];
  const chain: string[] = [];
  for (let next = name; ;) {
    const object = chain.at(-1) === next ? undefined : profiles.get(next);
    if (object === undefined && isBuiltIn(next)) return { kind: "Resolved", builtIn: next, objects };
    if (chain.includes(next)) return cycle([...chain, next]);
    chain.push(next);
    if (object === undefined) return unknown(next, chain);
    objects.push(object);
    const basedOn = object.spec?.basedOn;
    // The built-in one even if an object has that name, as that object would be based on itself.
    if (basedOn === undefined) return { kind: "Resolved", builtIn: defaultProfileName, objects };
    next = basedOn;
  }
}

/** The lowest layer first, which is complete. */
export function profileLayers({ builtIn, objects }: Extract<ResolvedProfile, { kind: "Resolved" }>): Layer<Origin>[] {
  return [builtInLayer(builtIn), ...objects.toReversed().map(objectLayer)];
}

function builtInLayer(name: BuiltInProfileName): Layer<Origin> {
  const { spec, sources } = builtInProfiles[name];
  return {
    values: spec,
    originOf: (path) => {
      const { section, why } = sources.get(path) ?? {};
      if (why === undefined && section !== undefined) return { kind: "guide", profile: name, section };
      return { kind: "choice", profile: name, ...(section === undefined ? {} : { section }), why: why ?? "" };
    },
  };
}

function objectLayer({ metadata, spec = {} }: GpuMediaProfile): Layer<Origin> {
  const { basedOn: _basedOn, description: _description, ...values } = spec;
  return { values, originOf: () => ({ kind: "profile", profile: metadata.name }) };
}

function unknown(profile: string, chain: readonly string[]): ResolvedProfile {
  const suggestion = nearestName(profile, builtInProfileNames);
  const notes = [
    ...(chain.length === 1 ? [] : [chain.map((name, at) => (at === 0 ? name : `basedOn ${name}`)).join(", ")]),
    ...(suggestion === undefined ? [] : [`did you mean ${suggestion}?`]),
  ];
  const inBrackets = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  return {
    kind: "UnknownProfile",
    profile,
    suggestion,
    chain,
    message: `profile ${profile} does not exist${inBrackets}: create a GpuMediaProfile with that name, or use ${listed(builtInProfileNames)}`,
  };
}

function cycle(chain: readonly string[]): ResolvedProfile {
  return {
    kind: "ProfileCycle",
    chain,
    message: `profiles are based on each other: ${chain.join(" -> ")}; change basedOn in one of them`,
  };
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function isBuiltIn(name: string): name is BuiltInProfileName {
  return (builtInProfileNames as readonly string[]).includes(name);
}
