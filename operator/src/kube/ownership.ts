/**
 * Decides whether a live object is in sync from the object itself: `managedFields` lists the fields that we own, so the
 * object projected onto them is our part of it, whatever other field managers have added. A write of another field manager
 * to one of our fields changes its value or its owner, and in both cases the projection differs.
 *
 *     POST ──▶ created ──adopt, apply──▶ applied ──apply──▶ applied
 *
 * A POST owns as `Update` and owns the server's defaults too, so the posted object cannot be read back exactly: the
 * manager's name contains the digest of what was sent (`gpumedia-operator:<digest>`), and the object must still contain it.
 * An apply owns exactly what it sent, so the digests are compared.
 *
 * @see docs/adr/0002-in-sync-from-managed-fields.md
 */
import { digest } from "./digest.ts";
import type { FieldsV1, JsonPatchOperation, KubeObject, ManagedFieldsEntry, Manifest } from "./object.ts";

export const fieldManager = "gpumedia-operator";

const createdPrefix = `${fieldManager}:`;

/** Our part of a live object, computed when it arrives so that `managedFields` need not be kept. */
export type Ownership =
  /** We own no field: the object is not managed by this operator, or our entry was removed. */
  | { readonly by: "none" }
  /**
   * Last written by our POST: `posted` is the digest of what was sent, `fields` are the fields that we still own, including
   * defaults, and `digest` is the digest of `fields`.
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
 * The fields that we own since a POST, dropped after the first comparison: for a thousand services they would take 27 MiB.
 * One result is enough, as they are only compared with the posted manifest.
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

/** Returns the part of an object that field managers own: all but its identity and the server's metadata. */
function contents(manifest: Manifest | KubeObject): unknown {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = manifest;
  const { labels, annotations, ownerReferences } = metadata;
  return { ...rest, metadata: { labels, annotations, ownerReferences } };
}

/** One reconcile compares each manifest several times. */
const digests = new WeakMap<Manifest, string>();

/** Returns the digest of a desired object; a live object on which we own exactly its fields has the same digest. */
export function manifestDigest(manifest: Manifest): string {
  const known = digests.get(manifest);
  if (known !== undefined) return known;
  const computed = digest(contents(manifest));
  digests.set(manifest, computed);
  return computed;
}

/** Returns the field manager for a POST of this manifest. */
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

/** Adds `metadata`, which `manifestDigest` always includes, also when we own none of it. */
function withMetadata(projection: unknown): unknown {
  return { metadata: {}, ...(projection as object) };
}

/**
 * What admission makes of our apply, such as a mutating webhook or policy: the API server records the owners of fields
 * before admission changes them, so a field of ours can have a value that we have not sent. Applying again gives the same result.
 */
export interface Admitted {
  /** Digest of the desired object. */
  readonly sent: string;
  /** Digest of our part of the object that was stored instead. */
  readonly stored: string;
}

/** `applied`: the response to our apply of the desired object. Undefined when it was stored as it was sent. */
export function admittedAs(applied: KubeObject, desired: Manifest): Admitted | undefined {
  const owned = ownership(applied);
  if (owned.by !== "apply" || inSync(owned, desired)) return undefined;
  return { sent: manifestDigest(desired), stored: owned.digest };
}

/** Whether our part of the live object is exactly the desired object, or what admission has last made of that. */
export function inSync(owned: Ownership, desired: Manifest, admitted?: Admitted): boolean {
  switch (owned.by) {
    case "none":
      return false;
    case "apply":
      return (
        owned.digest === manifestDigest(desired) ||
        (admitted?.sent === manifestDigest(desired) && admitted.stored === owned.digest)
      );
    case "create":
      // The digest detects changes of the desired object; containment detects changes by other field managers.
      return owned.posted === manifestDigest(desired) && owned.fields.contain(contents(desired));
  }
}

/**
 * Returns the members of `value` that `fields` lists, in their live order.
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
    const desired = digest(JSON.parse(operand));
    return { matches: (item) => digest(item) === desired, fields };
  }
  return { matches: (_item, index) => kind === "i:" && index === Number(operand), fields };
}

/** Whether `whole` has every member of `part`. Lists must match item by item. */
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

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Returns the JSON patch that prepares `managedFields` for an apply of the desired object; empty when none is needed.
 *
 * - Our POST owns as `Update`: an apply would add a second entry, and a field that the apply omits would stay. The entry
 *   becomes that of the apply.
 * - A field whose only owner stops sending it is reset: 3 replicas would become 1 when an autoscaler takes over. A field
 *   without an owner keeps its value, so the ownership of `replicas` is given up first.
 */
export function ownershipPatch(
  live: { readonly metadata: { readonly resourceVersion: string }; readonly owned: Ownership },
  desired: Manifest & { readonly spec?: { readonly replicas?: number } },
): readonly JsonPatchOperation[] {
  if (live.owned.by === "none") return [];
  const entry = `/metadata/managedFields/${live.owned.index}`;
  const changes: JsonPatchOperation[] = [];
  if (live.owned.by === "create") {
    changes.push({ op: "replace", path: `${entry}/manager`, value: fieldManager });
    changes.push({ op: "replace", path: `${entry}/operation`, value: "Apply" });
  }
  if (live.owned.ownsReplicas && desired.spec?.replicas === undefined) {
    changes.push({ op: "remove", path: `${entry}/fieldsV1/f:spec/f:replicas` });
  }
  if (changes.length === 0) return [];
  // The index is valid only for the version that was read: with the resourceVersion, the server returns 409 otherwise.
  return [{ op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion }, ...changes];
}
