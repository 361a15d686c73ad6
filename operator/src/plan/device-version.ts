/** Semantic versions as Kubernetes' CEL library parses them. Pure. */
import { parse, type SemVer } from "semver";

/** Undefined: not a version. `normalize` adds what is missing from `v1.02`, and removes what is too much. */
export function parseVersion(text: string, normalize = false): SemVer | undefined {
  const strict = normalize ? normalized(text) : text;
  // The library allows a leading v and spaces.
  return /^\d/.test(strict) && !/\s/.test(strict) ? (parse(strict) ?? undefined) : undefined;
}

function normalized(text: string): string {
  const [, core = "", rest = ""] = /^v?([\d.]+)(.*)$/.exec(text) ?? [];
  const parts = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  return `${[...parts, "0", "0"].slice(0, Math.max(3, parts.length)).join(".")}${rest}`;
}
