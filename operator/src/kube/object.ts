/** The types that all Kubernetes objects share, and the names of objects and kinds. */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** One manager's entry in `metadata.managedFields`. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: "Apply" | "Update";
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldsV1;
  readonly subresource?: string;
}

/** The tree of owned fields: `f:name`, `k:{…}`, `v:…`, `.`; an empty object owns the whole value. */
export interface FieldsV1 {
  readonly [path: string]: FieldsV1;
}

/** Metadata of an object that the API server has stored. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** An object that the API server has stored. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A desired object as it is sent, without what the server adds. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    /** An apply with a UID updates that object, and never creates one. */
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
}

/** A kind as the API server serves it, with all parts of its URL. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural, as in the URL: `deployments`. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** Returns the type of a namespaced kind; `apiVersion` is that of its manifests, such as `apps/v1`. */
export function namespacedType(apiVersion: string, kind: string, resource: string): ResourceType {
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  return { group, version, kind, resource, namespaced: true };
}

export function clusterType(apiVersion: string, kind: string, resource: string): ResourceType {
  return { ...namespacedType(apiVersion, kind, resource), namespaced: false };
}

/** `namespace/name`; a cluster-scoped object has an empty namespace: `/name`. */
export type ObjectKey = `${string}/${string}`;

export function objectKey(object: {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}): ObjectKey {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** The JSON Patch operations (RFC 6902) that the operator sends. */
export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };
