/**
 * Is a live object what we want? Answered from the object itself: `managedFields` names the fields that we own, so the
 * object projected onto them is our part of it, whatever others have added. Anyone's write to a field of ours changes
 * its value or takes it from us, and either way the projection differs.
 *
 *     POST ──▶ created ──adopt, apply──▶ applied ──apply──▶ applied
 *
 * A POST owns as `Update` and owns the server's defaults too, so what was posted can't be read back exactly: the
 * manager's name carries the digest of what we sent (`gpumedia-operator:<digest>`), and the object must still contain it.
 * An apply owns just what it sent, so there the digests are compared.
 *
 * @see docs/adr/0002-in-sync-from-managed-fields.md
 */
import { digest } from "./digest.ts";
import type { FieldsV1, JsonPatchOperation, KubeObject, ManagedFieldsEntry, Manifest } from "./object.ts";

export const fieldManager = "gpumedia-operator";

const createdPrefix = `${fieldManager}:`;

/** What of a live object is ours, taken when it arrives so that `managedFields` need not be kept. */
export type Ownership =
  /** No field is ours: somebody else's object, or our entry was removed. */
  | { readonly by: "none" }
  /**
   * Last written by our POST: `posted` is the digest of what we sent, `fields` what is still ours of it, defaults included,
   * and `digest` theirs.
   */
  | (Entry & { readonly by: "create"; readonly posted: string; readonly fields: PostedFields; readonly digest: string })
  /** Last written by our apply. */
  | (Entry & { readonly by: "apply"; readonly digest: string });

/** Our entry in `managedFields`. */
interface Entry {
  readonly index: number;
  readonly ownsReplicas: boolean;
}

/**
 * The fields that are ours since a POST, kept only until somebody has asked what he wants to know of them: for a thousand
 * services they would be 27 MiB. One question is all there is, as it is asked only with what was posted.
 */
class PostedFields {
  #fields: unknown;
  #contain: boolean | undefined;

  constructor(fields: unknown) {
    this.#fields = fields;
  }

  contain(posted: unknown): boolean {
    this.#contain ??= contains(this.#fields, posted);
    this.#fields = undefined;
    return this.#contain;
  }
}

/** The part of an object that its field managers compete for: all but its identity and what the server keeps. */
function contents(manifest: Manifest | KubeObject): unknown {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = manifest;
  const { labels, annotations, ownerReferences } = metadata;
  return { ...rest, metadata: { labels, annotations, ownerReferences } };
}

/** The digest of what we want of an object; equal to that of a live object on which we own just that. */
export function manifestDigest(manifest: Manifest): string {
  return digest(contents(manifest));
}

/** The field manager of a POST of this manifest. */
export function postManager(manifest: Manifest): string {
  return createdPrefix + manifestDigest(manifest);
}

export function ownership(object: KubeObject): Ownership {
  const entries = (object.metadata.managedFields ?? []).map((entry, index) => ({ ...entry, index })).filter(isOfObject);
  const applied = entries.find(({ manager, operation }) => manager === fieldManager && operation === "Apply");
  if (applied !== undefined) {
    return { by: "apply", ...ownEntry(applied), digest: digest(withMetadata(project(object, applied.fieldsV1 ?? {}))) };
  }
  const created = entries.find(({ manager }) => manager?.startsWith(createdPrefix) === true);
  if (created?.manager === undefined) return { by: "none" };
  const fields = project(object, created.fieldsV1 ?? {});
  return {
    by: "create",
    ...ownEntry(created),
    posted: created.manager.slice(createdPrefix.length),
    fields: new PostedFields(fields),
    digest: digest(fields),
  };
}

function ownEntry(entry: ManagedFieldsEntry & { readonly index: number }): Entry {
  return { index: entry.index, ownsReplicas: entry.fieldsV1?.["f:spec"]?.["f:replicas"] !== undefined };
}

function isOfObject(entry: ManagedFieldsEntry): boolean {
  return (entry.subresource ?? "") === "";
}

/** `manifestDigest` always counts `metadata`; a live object on which we own none of it has to agree. */
function withMetadata(projection: unknown): unknown {
  return { metadata: {}, ...(projection as object) };
}

/** Is our part of the live object just what we want, no more and no less? */
export function inSync(owned: Ownership, wanted: Manifest): boolean {
  switch (owned.by) {
    case "none":
      return false;
    case "apply":
      return owned.digest === manifestDigest(wanted);
    case "create":
      // The digest notices a field that we no longer want; containment notices what others changed since.
      return owned.posted === manifestDigest(wanted) && owned.fields.contain(contents(wanted));
  }
}

/**
 * The members of `value` that `fields` names, in their live order.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/ and the FieldsV1 type of meta/v1
 */
export function project(value: unknown, fields: FieldsV1): unknown {
  const names = Object.keys(fields);
  if (names.length === 0) return value;
  if (Array.isArray(value)) {
    const selectors = names.filter((name) => name !== ".").map((name) => itemSelector(name, fields[name] ?? {}));
    return value.flatMap((item, index) => {
      const selector = selectors.find(({ matches }) => matches(item, index));
      return selector === undefined ? [] : [project(item, selector.fields)];
    });
  }
  if (!isRecord(value)) return value;
  const members = names
    .filter((name) => name.startsWith("f:") && name.slice(2) in value)
    .map((name) => [name.slice(2), project(value[name.slice(2)], fields[name] ?? {})]);
  return Object.fromEntries(members);
}

interface ItemSelector {
  readonly matches: (item: unknown, index: number) => boolean;
  readonly fields: FieldsV1;
}

/** `k:{"name":"a"}` selects by keys, `v:"a"` by value, `i:0` by index. */
function itemSelector(name: string, fields: FieldsV1): ItemSelector {
  const kind = name.slice(0, 2);
  const operand = name.slice(2);
  if (kind === "k:") {
    const keys = Object.entries(JSON.parse(operand) as Record<string, unknown>);
    return { matches: (item) => isRecord(item) && keys.every(([key, value]) => item[key] === value), fields };
  }
  if (kind === "v:") {
    const wanted = digest(JSON.parse(operand));
    return { matches: (item) => digest(item) === wanted, fields };
  }
  return { matches: (_item, index) => kind === "i:" && index === Number(operand), fields };
}

/** Does `whole` have every member of `part`? Lists must match item by item. */
export function contains(whole: unknown, part: unknown): boolean {
  if (part === undefined) return true;
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && whole.length === part.length && part.every((item, index) => contains(whole[index], item))
    );
  }
  if (!isRecord(part)) return whole === part;
  return isRecord(whole) && Object.entries(part).every(([key, member]) => contains(whole[key], member));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What has to change in `managedFields` before `wanted` is applied, as a JSON patch; empty if nothing.
 *
 * - Our POST owns as `Update`: a later apply would add an entry beside it, and a field that the apply leaves out would
 *   stay. The entry becomes that of the apply.
 * - A sole owner that stops sending a field resets it: 3 replicas would become 1 when an autoscaler takes over. A field
 *   without an owner keeps its value, so we let go of `replicas` first.
 */
export function ownershipPatch(
  live: { readonly metadata: { readonly resourceVersion: string }; readonly owned: Ownership },
  wanted: Manifest & { readonly spec?: { readonly replicas?: number } },
): readonly JsonPatchOperation[] {
  if (live.owned.by === "none") return [];
  const entry = `/metadata/managedFields/${live.owned.index}`;
  const changes: JsonPatchOperation[] = [];
  if (live.owned.by === "create") {
    changes.push({ op: "replace", path: `${entry}/manager`, value: fieldManager });
    changes.push({ op: "replace", path: `${entry}/operation`, value: "Apply" });
  }
  if (live.owned.ownsReplicas && wanted.spec?.replicas === undefined) {
    changes.push({ op: "remove", path: `${entry}/fieldsV1/f:spec/f:replicas` });
  }
  if (changes.length === 0) return [];
  // The index holds only for the version that we saw: with its resourceVersion the server answers 409 instead.
  return [{ op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion }, ...changes];
}
