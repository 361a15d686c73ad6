/** The objects of our kinds in files, and findings about the files themselves. */
import {
  group,
  kindNames,
  nearestName,
  version,
  type GpuMediaProfile,
  type GpuMediaService,
  type Keys,
  type Kind,
} from "@gpumedia/api";
import { yamlDocuments, type Position } from "./documents.ts";
import type { Source } from "./sources.ts";

export interface FoundObject {
  readonly kind: Kind;
  /** As read: only its kind is known. */
  readonly value: unknown;
  readonly source: string;
  readonly positionOf: (keys: Keys, onKey?: boolean) => Position;
}

/** A finding at a position in a file. */
export interface LocatedFinding extends Position {
  readonly file: string;
  /** `GpuMediaService media/upscaler`; absent: outside an object of our kinds. */
  readonly object?: string;
  /** `spec.replicas`; absent: about the file. */
  readonly path?: string;
  readonly message: string;
}

export interface Contents {
  readonly objects: readonly FoundObject[];
  readonly findings: readonly LocatedFinding[];
  /** Number of objects of other kinds, which are not checked. */
  readonly others: number;
  /** Files in directories without Kubernetes objects. */
  readonly skipped: readonly string[];
}

export function contentsOf(sources: readonly Source[]): Contents {
  const objects: FoundObject[] = [];
  const findings: LocatedFinding[] = [];
  const skipped = new Set<string>();
  let others = 0;
  for (const document of sources.flatMap(yamlDocuments)) {
    const { errors } = document;
    const { name: file, found } = document.source;
    findings.push(...errors.map(({ position, message }) => ({ file, ...position, message })));
    if (errors.length > 0) continue;
    for (const { value, at } of items(withoutNulls(document.value))) {
      const sorted = sort(value);
      const positionOf = (keys: Keys, onKey?: boolean) => document.positionOf([...at, ...keys], onKey);
      if (sorted.is === "ours") objects.push({ kind: sorted.kind, value, source: file, positionOf });
      else if (sorted.is === "other") others++;
      else if (sorted.is === "none" && found === true) skipped.add(file);
      else {
        const { keys, message } = sorted.is === "none" ? notAnObject : sorted;
        findings.push({ file, ...positionOf(keys), path: keys.join("."), message });
      }
    }
  }
  return { objects, findings, others, skipped: [...skipped] };
}

/** As in the API server, `spec:` without a value is no spec. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

/** `kubectl get -o yaml` prints a List. */
function items(value: unknown): readonly { readonly value: unknown; readonly at: Keys }[] {
  const list = value as { kind?: unknown; items?: unknown } | null;
  if (
    typeof value !== "object" ||
    typeof list?.kind !== "string" ||
    !list.kind.endsWith("List") ||
    !Array.isArray(list.items)
  ) {
    return [{ value, at: [] }];
  }
  return list.items.map((item: unknown, index) => ({ value: item, at: ["items", index] }));
}

const notAnObject = { keys: [], message: "not a Kubernetes object: it needs apiVersion and kind" } as const;

type Sorted =
  | { readonly is: "ours"; readonly kind: Kind }
  | { readonly is: "other" }
  /** Neither apiVersion nor kind. */
  | { readonly is: "none" }
  | { readonly is: "wrong"; readonly keys: Keys; readonly message: string };

function sort(value: unknown): Sorted {
  const { apiVersion, kind } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    return apiVersion === undefined && kind === undefined ? { is: "none" } : { is: "wrong", ...notAnObject };
  }
  if (apiVersion !== group && !apiVersion.startsWith(`${group}/`)) return { is: "other" };
  if (apiVersion !== `${group}/${version}`) {
    return { is: "wrong", keys: ["apiVersion"], message: `is ${apiVersion}, but must be ${group}/${version}` };
  }
  const ours = kindNames.find((name) => name === kind);
  if (ours !== undefined) return { is: "ours", kind: ours };
  const close = nearestName(kind, kindNames);
  const hint = close === undefined ? `use ${kindNames.join(" or ")}` : `did you mean ${close}?`;
  return { is: "wrong", keys: ["kind"], message: `there is no kind ${kind} in ${group}: ${hint}` };
}

/** `GpuMediaService media/upscaler`. */
export function nameOf({ kind, value }: Pick<FoundObject, "kind" | "value">): string {
  const { metadata } = value as { metadata?: { name?: unknown; namespace?: unknown } | null };
  const parts = [metadata?.namespace, metadata?.name].filter((part) => typeof part === "string");
  return `${kind} ${parts.length === 0 ? "without a name" : parts.join("/")}`;
}

/** Typed, once `validateFile` has found nothing wrong. */
export function servicesIn(objects: readonly FoundObject[]): readonly GpuMediaService[] {
  return objects.filter(({ kind }) => kind === "GpuMediaService").map(({ value }) => value as GpuMediaService);
}

export function profilesIn(objects: readonly FoundObject[]): ReadonlyMap<string, GpuMediaProfile> {
  const profiles = objects
    .filter(({ kind }) => kind === "GpuMediaProfile")
    .map(({ value }) => value as GpuMediaProfile);
  return new Map(profiles.map((profile) => [profile.metadata.name, profile]));
}
