/** Checks the objects in files: values that the API server would reject, and contradictions with a profile's values. */
import { pathOf, validateFile, type GpuMediaProfile, type GpuMediaService, type Keys } from "@gpumedia/api";
import { effectiveService } from "../effective/effective.ts";
import type { Effective } from "../effective/service.ts";
import { resolveProfile, type ProfileLookup, type ResolvedProfile } from "../effective/profiles.ts";
import { nameOf, profilesIn, type Contents, type FoundObject, type LocatedFinding } from "./objects.ts";

export interface Checked {
  readonly findings: readonly LocatedFinding[];
  /** Profiles that are in no file, so that their values were not checked; `suggestion`: a similar built-in one. */
  readonly unknownProfiles: readonly { readonly name: string; readonly suggestion: string | undefined }[];
}

export function check(contents: Contents): Checked {
  const findings = [...contents.findings, ...contents.objects.flatMap(schemaFindings)];
  const sound = contents.objects.filter((object) => schemaFindings(object).length === 0);
  const profiles = profilesIn(sound);
  const unknownProfiles = new Map<string, string | undefined>();
  for (const object of sound) {
    const verdict = verdictOn(object, profiles);
    switch (verdict?.kind) {
      case undefined:
      case "Effective":
      case "Resolved":
        break;
      case "UnknownProfile":
        unknownProfiles.set(verdict.profile, verdict.suggestion);
        break;
      case "ProfileCycle":
        findings.push(
          located(object, ["spec", object.kind === "GpuMediaService" ? "profile" : "basedOn"], verdict.message),
        );
        break;
      case "InvalidSpec":
        for (const { path, message } of verdict.problems) findings.push(located(object, specKeys(path), message));
        break;
    }
  }
  const unknown = [...unknownProfiles].map(([name, suggestion]) => ({ name, suggestion }));
  return { findings: inOrder(findings), unknownProfiles: unknown.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Undefined for a load test: the service that it names may be in the cluster. */
function verdictOn({ kind, value }: FoundObject, profiles: ProfileLookup): Effective | ResolvedProfile | undefined {
  switch (kind) {
    case "GpuMediaService":
      return effectiveService(value as GpuMediaService, profiles, anyImage);
    case "GpuMediaProfile":
      return resolveProfile((value as GpuMediaProfile).metadata.name, profiles);
    case "GpuMediaLoadTest":
      return undefined;
  }
}

const anyImage = { processorImage: "any", processorImageCpu: "any" };

function schemaFindings(object: FoundObject): readonly LocatedFinding[] {
  return validateFile[object.kind](object.value).map(({ keys, message, onKey }) =>
    located(object, keys, message, onKey),
  );
}

function located(object: FoundObject, keys: Keys, message: string, onKey?: boolean): LocatedFinding {
  const position = object.positionOf(keys, onKey);
  return { file: object.source, ...position, object: nameOf(object), path: pathOf(keys), message };
}

/** The path of a problem starts below the spec. */
function specKeys(path: string): Keys {
  return path.startsWith("metadata.") ? keysOf(path) : ["spec", ...keysOf(path)];
}

/** The inverse of `pathOf`. */
function keysOf(path: string): Keys {
  return [...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(([, index, quoted, name = ""]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? name : String(JSON.parse(quoted));
  });
}

function inOrder(findings: readonly LocatedFinding[]): readonly LocatedFinding[] {
  const files = [...new Set(findings.map(({ file }) => file))];
  return findings.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
