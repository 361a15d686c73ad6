/** The scalar values of an object, so that tests can change each one. */
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

/** Another value of the same type. The API server may reject it. */
export function changed({ pointer, value }: Leaf): JsonPatchOperation {
  return { op: "replace", path: pointer, value: otherThan(value) };
}

function otherThan(value: Leaf["value"]): Leaf["value"] {
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  return /^\d+$/.test(value) ? String(Number(value) + 1) : `${value}x`;
}

/** Returns where a manifest's value is in the live object: other owners may have inserted items before ours. */
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

/** Escapes a member's name for use in a pointer. */
export function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
