/** Describes the defaults of fields, from the built-in profiles. */
import { builtInProfileNames, builtInProfiles, defaultProfileName } from "../profiles/index.ts";
import { valueAt } from "../schema/paths.ts";
import type { DefaultOf } from "./structural.ts";

/** Returns `Defaults to 8 (development: 2).` for a field that a service or a profile may set. */
export const profileDefault: DefaultOf = (path, isMap) => {
  const shown = isMap ? shownMap : shownLeaf;
  const usual = shown(defaultProfileName, path);
  if (usual === undefined) return "";
  const others = builtInProfileNames
    .map((name) => ({ name, value: shown(name, path) }))
    .filter(({ value }) => value !== usual)
    .map(({ name, value }) => `${name}: ${value}`);
  return `Defaults to ${usual}${others.length === 0 ? "" : ` (${others.join("; ")})`}.`;
};

type ProfileName = keyof typeof builtInProfiles;

function shownLeaf(profile: ProfileName, path: string): string | undefined {
  // The defaults of an object are described at its members.
  if (!builtInProfiles[profile].sources.has(path)) return undefined;
  const value = valueAt(builtInProfiles[profile].spec, path);
  if (value === "") return "empty";
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return "empty";
  return value.every((item) => typeof item === "string") ? value.join(", ") : JSON.stringify(value);
}

function shownMap(profile: ProfileName, path: string): string | undefined {
  const entries = Object.entries((valueAt(builtInProfiles[profile].spec, path) ?? {}) as Record<string, string>);
  return entries.length === 0 ? undefined : entries.map(([key, value]) => `${key} ${value}`).join(", ");
}
