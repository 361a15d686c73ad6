/** What a field is when nobody sets it, in words, from the built-in profiles themselves. */
import { builtInProfileNames, builtInProfiles, defaultProfileName } from "../profiles/index.ts";
import type { DefaultOf } from "./structural.ts";

/** `Default: 8; development: 2.` for a field that a service or a profile may set. */
export const profileDefault: DefaultOf = (path) => {
  const usual = shown(defaultProfileName, path);
  if (usual === undefined) return "";
  const others = builtInProfileNames
    .map((name) => ({ name, value: shown(name, path) }))
    .filter(({ value }) => value !== usual)
    .map(({ name, value }) => `; ${name}: ${value}`);
  return `Default: ${usual}${others.join("")}.`;
};

function shown(profile: keyof typeof builtInProfiles, path: string): string | undefined {
  const { spec, sources } = builtInProfiles[profile];
  // An object's members say it each for itself.
  if (!sources.has(path)) return undefined;
  const value = path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], spec);
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return "none";
  return value.every((item) => typeof item === "string") ? value.join(", ") : JSON.stringify(value);
}
