/** The verbs of the Kubernetes API on plain objects. Every failure is an `ApiError`; nothing is retried. */
import { apiVersionOf, type JsonPatchOperation, type KubeObject, type Manifest, type ResourceType } from "./object.ts";
import { collectionPath, objectPath, withQuery } from "./client-path.ts";
import { watchEvents, type WatchEvent } from "./client-watch.ts";
import { ApiError, type RequestLine } from "./errors.ts";
import type { ApiResponse, RequestOptions, Transport } from "./transport.ts";

export { endsInitialEvents, type WatchEvent } from "./client-watch.ts";

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Omits spec and status, a tenth of the bytes where only owners and labels matter. */
  readonly metadataOnly?: boolean | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  /** Absent: a quorum read of the latest state. With `resourceVersionMatch: NotOlderThan`: from the API server's cache. */
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "NotOlderThan" | "Exact" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** The token of the next page; absent on the last one. */
  readonly continue?: string;
}

export interface WatchOptions extends Selection {
  /**
   * Where to resume. Absent: the latest state, as of a quorum read. The watch then begins with an ADDED event for each
   * object and a BOOKMARK that `endsInitialEvents`. API servers without the feature gate WatchList answer 422.
   *
   * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
   */
  readonly resourceVersion?: string | undefined;
  readonly allowWatchBookmarks: boolean;
  /** After how many seconds the server closes the watch. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export interface PatchOptions {
  readonly fieldManager?: string;
  readonly subresource?: "status";
}

export interface DeleteOptions {
  /** Precondition: 409 when another object has taken the name. */
  readonly uid: string;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

export interface RawOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Statuses besides 2xx that are not an error, such as 304. */
  readonly accept?: readonly number[];
}

export interface RawResponse {
  readonly status: number;
  readonly headers: ApiResponse["headers"];
  /** The parsed JSON; undefined when the body is empty. */
  readonly body: unknown;
}

export interface ApiClient {
  get(type: ResourceType, namespace: string, name: string): Promise<KubeObject>;
  list(type: ResourceType, options: ListOptions): Promise<ObjectList>;
  /** Ends when the server closes the watch; throws on an ERROR event and when the stream ends within an event. */
  watch(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent>;
  /** POST: 409 `AlreadyExists` when the name is taken. */
  create(type: ResourceType, manifest: Manifest, options: { readonly fieldManager: string }): Promise<KubeObject>;
  /** Server-side apply. */
  apply(
    type: ResourceType,
    manifest: Manifest,
    options: { readonly fieldManager: string; readonly force: boolean },
  ): Promise<KubeObject>;
  jsonPatch(
    type: ResourceType,
    namespace: string,
    name: string,
    operations: readonly JsonPatchOperation[],
    options?: PatchOptions,
  ): Promise<KubeObject>;
  delete(type: ResourceType, namespace: string, name: string, options: DeleteOptions): Promise<void>;
  /** Any other request, with a JSON body: discovery and Leases. Every method but GET counts as a write. */
  rawJson(method: string, path: string, options?: RawOptions): Promise<RawResponse>;
}

/** A request and its outcome, for metrics. A watch counts once, when its response starts or it is rejected. */
export interface RequestObservation {
  readonly verb: "get" | "list" | "watch" | "create" | "apply" | "patch" | "delete" | "raw";
  readonly method: string;
  /** The plural and the group, if any (`deployments.apps`); empty for `raw`. */
  readonly resource: string;
  /** HTTP status; 0 without a response, or when the request was not sent. */
  readonly status: number;
  readonly durationMs: number;
}

export interface ClientOptions {
  /** Called right before a write is sent. If it throws, nothing is sent and the caller receives the error. */
  readonly fence?: () => void;
  readonly observe?: (request: RequestObservation) => void;
}

const json = { "content-type": "application/json" };
const jsonPatchType = { "content-type": "application/json-patch+json" };
// JSON is valid YAML, and API servers before 1.34 accept an apply only in this media type.
const applyType = { "content-type": "application/apply-patch+yaml" };

const initialEvents = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };

/** Supported since Kubernetes 1.16. @see https://kubernetes.io/docs/reference/using-api/api-concepts/ */
function metadataType(list: "" | "List"): Readonly<Record<string, string>> {
  return { accept: `application/json;as=PartialObjectMetadata${list};g=meta.k8s.io;v=v1` };
}

export function createApiClient(transport: Transport, { fence, observe }: ClientOptions = {}): ApiClient {
  async function observed<T>(
    verb: RequestObservation["verb"],
    method: string,
    resource: string,
    send: () => Promise<T>,
    statusOf: (response: T) => number,
  ): Promise<T> {
    if (observe === undefined) return send();
    const started = performance.now();
    let status = 0;
    try {
      const response = await send();
      status = statusOf(response);
      return response;
    } catch (error) {
      if (error instanceof ApiError) ({ status } = error);
      throw error;
    } finally {
      observe({ verb, method, resource, status, durationMs: performance.now() - started });
    }
  }

  const request = (verb: RequestObservation["verb"], resource: string, options: RequestOptions): Promise<ApiResponse> =>
    observed(
      verb,
      options.method,
      resource,
      () => transport.request(options.method === "GET" ? options : { ...options, fence }),
      ({ status }) => status,
    );

  return {
    async get(type, namespace, name) {
      const line = { method: "GET", path: objectPath(type, namespace, name) };
      return parse<KubeObject>(line, await request("get", resourceName(type), line));
    },

    async list(type, { namespace, signal, metadataOnly = false, ...query }) {
      const path = withQuery(collectionPath(type, namespace), { ...query });
      const line = { method: "GET", path, ...(metadataOnly ? { headers: metadataType("List") } : {}) };
      return objectList(type, parse<RawList>(line, await request("list", resourceName(type), { ...line, signal })));
    },

    async *watch(type, { namespace, signal, metadataOnly = false, ...query }) {
      const start = query.resourceVersion === undefined ? initialEvents : {};
      const path = withQuery(collectionPath(type, namespace), { watch: true, ...query, ...start });
      const line = { method: "GET", path, ...(metadataOnly ? { headers: metadataType("") } : {}) };
      const open = (): Promise<AsyncIterable<Buffer>> => transport.stream({ ...line, signal });
      yield* watchEvents(line, await observed("watch", "GET", resourceName(type), open, () => 200));
    },

    async create(type, manifest, { fieldManager }) {
      const path = withQuery(collectionPath(type, manifest.metadata.namespace), { fieldManager });
      const post = { method: "POST", path, headers: json, body: JSON.stringify(manifest) };
      return parse<KubeObject>(post, await request("create", resourceName(type), post));
    },

    async apply(type, manifest, { fieldManager, force }) {
      const { namespace = "", name } = manifest.metadata;
      const path = withQuery(objectPath(type, namespace, name), { fieldManager, force });
      const patch = { method: "PATCH", path, headers: applyType, body: JSON.stringify(manifest) };
      return parse<KubeObject>(patch, await request("apply", resourceName(type), patch));
    },

    async jsonPatch(type, namespace, name, operations, { fieldManager, subresource } = {}) {
      const path = withQuery(objectPath(type, namespace, name, subresource), { fieldManager });
      const patch = { method: "PATCH", path, headers: jsonPatchType, body: JSON.stringify(operations) };
      return parse<KubeObject>(patch, await request("patch", resourceName(type), patch));
    },

    async delete(type, namespace, name, { uid, propagationPolicy }) {
      const options = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid }, propagationPolicy };
      const path = objectPath(type, namespace, name);
      const body = JSON.stringify(options);
      await request("delete", resourceName(type), { method: "DELETE", path, headers: json, body });
    },

    async rawJson(method, path, { body, headers, ...rest } = {}) {
      const content =
        body === undefined ? { headers } : { headers: { ...json, ...headers }, body: JSON.stringify(body) };
      const response = await request("raw", "", { method, path, ...content, ...rest });
      const { status, text } = response;
      // What is read has a body. The API server answers 200 without one for the schema of a group that vanishes during the request.
      const isEmpty = text === "" && !(method === "GET" && status === 200);
      return { status, headers: response.headers, body: isEmpty ? undefined : parse({ method, path }, response) };
    },
  };
}

function resourceName({ group, resource }: ResourceType): string {
  return group === "" ? resource : `${resource}.${group}`;
}

interface RawList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubeObject[] | null;
}

/** Adds apiVersion and kind, which the items of a list lack, except those of custom resources. */
function objectList(type: ResourceType, { metadata, items }: RawList): ObjectList {
  const identity = { apiVersion: apiVersionOf(type), kind: type.kind };
  return {
    items: (items ?? []).map((item) => Object.assign(item, identity)),
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue === undefined || metadata.continue === "" ? {} : { continue: metadata.continue }),
  };
}

function parse<T>({ method, path }: RequestLine, { status, text }: ApiResponse): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const message = text === "" ? "the response is empty" : `the response is not JSON: ${text.slice(0, 100)}`;
    throw new ApiError({ method, path, status, reason: "NotJson", message, cause });
  }
}
