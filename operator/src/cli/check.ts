/** All that is wrong with the objects in files: what the API server would refuse, and what only shows with a profile. */
import { pathOf, validateFile, type GpuMediaProfile, type GpuMediaService, type Keys } from "@gpumedia/api";
import { effectiveService } from "../effective/effective.ts";
import { resolveProfile } from "../effective/profiles.ts";
import { nameOf, profilesIn, type Contents, type FoundObject, type LocatedFinding } from "./objects.ts";

export interface Checked {
  readonly findings: readonly LocatedFinding[];
  /** Profiles that services name and no file has: what they set could not be looked at. */
  readonly unknownProfiles: readonly string[];
}

export function check(contents: Contents): Checked {
  const findings = [...contents.findings, ...contents.objects.flatMap(schemaFindings)];
  const sound = contents.objects.filter((object) => schemaFindings(object).length === 0);
  const profiles = profilesIn(sound);
  const unknownProfiles = new Set<string>();
  for (const object of sound) {
    const [verdict, reference] =
      object.kind === "GpuMediaService"
        ? [
            effectiveService(object.value as GpuMediaService, profiles, {
              processorImage: "any",
              processorImageCpu: "any",
            }),
            "profile",
          ]
        : [resolveProfile((object.value as GpuMediaProfile).metadata.name, profiles), "basedOn"];
    switch (verdict.kind) {
      case "Effective":
      case "Resolved":
        break;
      case "UnknownProfile":
        unknownProfiles.add(verdict.profile);
        break;
      case "ProfileCycle":
        findings.push(located(object, ["spec", reference], verdict.message));
        break;
      case "InvalidSpec":
        for (const { path, message } of verdict.problems) findings.push(located(object, specKeys(path), message));
        break;
    }
  }
  return { findings: inOrder(findings), unknownProfiles: [...unknownProfiles].toSorted() };
}

function schemaFindings(object: FoundObject): readonly LocatedFinding[] {
  return validateFile[object.kind](object.value).map(({ keys, message, onKey }) =>
    located(object, keys, message, onKey),
  );
}

function located(object: FoundObject, keys: Keys, message: string, onKey?: boolean): LocatedFinding {
  const position = object.positionOf(keys, onKey);
  return { file: object.source, ...position, object: nameOf(object), path: pathOf(keys), message };
}

/** Problems are named from the spec down. */
function specKeys(path: string): Keys {
  return path.startsWith("metadata.") ? path.split(".") : ["spec", ...path.split(".").filter((key) => key !== "")];
}

function inOrder(findings: readonly LocatedFinding[]): readonly LocatedFinding[] {
  const files = [...new Set(findings.map(({ file }) => file))];
  return findings.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
