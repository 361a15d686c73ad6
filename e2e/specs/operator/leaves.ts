/** The single values of an object, to change each of them. */
import type { JsonPatchOperation } from "@gpumedia/operator/src/kube/object.ts";
import { contains } from "@gpumedia/operator/src/kube/ownership.ts";

export interface Leaf {
  /** RFC 6901: `/spec/replicas`. */
  readonly pointer: string;
  readonly value: string | number | boolean;
}

export function leavesOf(node: unknown, pointer = ""): readonly Leaf[] {
  if (typeof node === "object" && node !== null) {
    return Object.entries(node).flatMap(([key, member]) => leavesOf(member, `${pointer}/${escaped(key)}`));
  }
  return node === undefined || node === null ? [] : [{ pointer, value: node as Leaf["value"] }];
}

/** Another value of the same type; whether the API server takes it is for it to say. */
export function changed({ pointer, value }: Leaf): JsonPatchOperation {
  return { op: "replace", path: pointer, value: otherThan(value) };
}

function otherThan(value: Leaf["value"]): Leaf["value"] {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  return /^\d+$/.test(value) ? String(Number(value) + 1) : `${value}x`;
}

/** Where in the live object the manifest's value is: others may have put items of theirs before ours. */
export function pointerIn(live: unknown, manifest: unknown, pointer: string): string {
  const [, first, ...rest] = pointer.split("/");
  if (first === undefined) return "";
  const key = first.replaceAll("~1", "/").replaceAll("~0", "~");
  const ours = memberOf(manifest, key);
  const same =
    Array.isArray(live) && typeof ours === "object" ? live.findIndex((candidate) => contains(candidate, ours)) : -1;
  const place = same === -1 ? key : String(same);
  return `/${escaped(place)}${pointerIn(memberOf(live, place), ours, ["", ...rest].join("/"))}`;
}

function memberOf(node: unknown, key: string): unknown {
  return (node as Readonly<Record<string, unknown>> | undefined)?.[key];
}

/** A member's name within a pointer. */
export function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
