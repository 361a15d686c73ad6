/** All that is wrong with the objects in files: what the API server would refuse, and what only shows with a profile. */
import { pathOf, validateFile, type GpuMediaService, type Keys } from "@gpumedia/api";
import { effectiveService } from "../effective/effective.ts";
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
  for (const object of sound.filter(({ kind }) => kind === "GpuMediaService")) {
    const effective = effectiveService(object.value as GpuMediaService, profiles, { processorImage: "any" });
    switch (effective.kind) {
      case "Effective":
        break;
      case "UnknownProfile":
        unknownProfiles.add(effective.profile);
        break;
      case "ProfileCycle":
        findings.push(located(object, ["spec", "profile"], effective.message));
        break;
      case "InvalidSpec":
        for (const { path, message } of effective.problems) findings.push(located(object, specKeys(path), message));
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
