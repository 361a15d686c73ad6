/**
 * Reads which kinds the API server serves.
 *
 * Aggregated discovery returns all groups in one response, and its ETag makes further requests cheap: while nothing
 * changes, a poll is a 304 without a body. A version without resources there is read on its own, at each poll.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
import type { ApiClient, RawResponse } from "./client.ts";
import { ApiError } from "./errors.ts";
import type { ResourceType } from "./object.ts";

/** A kind to look up; without a version, in any version. */
export interface ApiQuery {
  readonly group: string;
  readonly version?: string;
  readonly resource: string;
}

/** The kinds that the API server serves at one moment. */
export class Apis {
  readonly #types = new Map<string, ResourceType>();
  /** The groups of an APIService whose server the API server cannot reach. Their kinds are as it last saw them, or none. */
  readonly stale: ReadonlySet<string>;

  constructor(types: Iterable<ResourceType>, stale: ReadonlySet<string> = new Set()) {
    this.stale = stale;
    for (const type of types) {
      this.#types.set(`${type.group}/${type.version}/${type.resource}`, type);
      // The server lists its preferred version first.
      const anyVersion = `${type.group}//${type.resource}`;
      if (!this.#types.has(anyVersion)) this.#types.set(anyVersion, type);
    }
  }

  serves(query: ApiQuery): boolean {
    return this.find(query) !== undefined;
  }

  /** Returns the kind, in the server's preferred version when the query has none. */
  find({ group, version = "", resource }: ApiQuery): ResourceType | undefined {
    return this.#types.get(`${group}/${version}/${resource}`);
  }

  get types(): readonly ResourceType[] {
    return [...new Set(this.#types.values())];
  }

  /** Returns the kinds that `other` does not serve. */
  without(other: Apis): readonly ResourceType[] {
    return this.types.filter((type) => !other.serves(type));
  }
}

export interface Discovery {
  /** Returns the same `Apis` as before while the server reports no change. */
  read(signal?: AbortSignal): Promise<Apis>;
}

/** `APIGroupDiscoveryList` of apidiscovery.k8s.io/v2. */
interface DiscoveryList {
  readonly items?: readonly {
    /** Without a name for the core group. */
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly freshness?: "Current" | "Stale";
      readonly resources?: readonly {
        readonly resource: string;
        readonly scope: "Namespaced" | "Cluster";
        /** Absent when the group serves only a subresource. */
        readonly responseKind?: { readonly kind?: string } | null;
        readonly subresources?: readonly {
          readonly subresource: string;
          readonly responseKind?: { readonly kind?: string } | null;
        }[];
      }[];
    }[];
  }[];
}

/** `APIResourceList` of v1: one version of a group. */
interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly namespaced: boolean; readonly kind: string }[];
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export function createDiscovery(client: Pick<ApiClient, "rawJson">): Discovery {
  let core: readonly ResourceType[] | undefined;
  let last: { readonly etag: string; readonly body: unknown } | undefined;
  let unlisted = new Map<string, readonly ResourceType[]>();
  let result: { readonly body: unknown; readonly listed: string; readonly apis: Apis } | undefined;

  const get = (path: string, signal: AbortSignal | undefined, etag?: string): Promise<RawResponse> => {
    const headers = { accept, ...(etag === undefined ? {} : { "if-none-match": etag }) };
    return client.rawJson("GET", path, { headers, accept: [304], ...(signal === undefined ? {} : { signal }) });
  };

  /** Undefined while its server does not answer. */
  async function list({ group, version }: GroupVersion, signal: AbortSignal | undefined) {
    const options = { headers: { accept: "application/json" }, ...(signal === undefined ? {} : { signal }) };
    try {
      return listedTypes((await client.rawJson("GET", `/apis/${group}/${version}`, options)).body, { group, version });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return undefined;
    }
  }

  return {
    async read(signal) {
      // The core group never changes while the server runs.
      core ??= typesOf((await get("/api", signal)).body);
      const response = await get("/apis", signal, last?.etag);
      const body = response.status === 304 && last !== undefined ? last.body : response.body;
      const { etag } = response.headers;
      if (response.status !== 304) last = typeof etag === "string" ? { etag, body } : undefined;
      const lists = emptyVersions(body).map(async (one): Promise<readonly [string, readonly ResourceType[]]> => {
        const key = `${one.group}/${one.version}`;
        return [key, (await list(one, signal)) ?? unlisted.get(key) ?? []];
      });
      unlisted = new Map(await Promise.all(lists));
      const listed = JSON.stringify([...unlisted]);
      if (result !== undefined && result.body === body && result.listed === listed) return result.apis;
      const types = [...core, ...typesOf(body), ...[...unlisted.values()].flat()];
      const apis = new Apis(types, staleGroups(body));
      result = { body, listed, apis };
      return apis;
    },
  };
}

/**
 * Served, but without a resource. prometheus-adapter 0.12 is so: its metrics are not among the resources that its library for API
 * servers knows. Only the list of the version itself has them.
 */
function emptyVersions(body: unknown): readonly GroupVersion[] {
  const { items = [] } = body as DiscoveryList;
  return items.flatMap(({ metadata, versions = [] }) =>
    versions
      .filter(({ resources = [], freshness }) => resources.length === 0 && freshness !== "Stale")
      .map(({ version }) => ({ group: metadata?.name ?? "", version })),
  );
}

function listedTypes(body: unknown, { group, version }: GroupVersion): readonly ResourceType[] {
  const { resources = [] } = body as ResourceList;
  const names = new Set(resources.map(({ name }) => name));
  return resources
    .filter(({ name }) => !name.includes("/") || !names.has(name.slice(0, name.indexOf("/"))))
    .map(({ name, namespaced, kind }) => ({ group, version, kind, resource: name, namespaced }));
}

function staleGroups(body: unknown): ReadonlySet<string> {
  const { items = [] } = body as DiscoveryList;
  const stale = items.filter(({ versions = [] }) => versions.some(({ freshness }) => freshness === "Stale"));
  return new Set(stale.map(({ metadata }) => metadata?.name ?? ""));
}

function typesOf(body: unknown): readonly ResourceType[] {
  const { items = [] } = body as DiscoveryList;
  return items.flatMap(({ metadata, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources.flatMap(({ resource, scope, responseKind, subresources = [] }) => {
        const group = metadata?.name ?? "";
        const namespaced = scope === "Namespaced";
        if (responseKind?.kind) return [{ group, version, kind: responseKind.kind, resource, namespaced }];
        // The metrics API serves `pods/METRIC` without `pods`.
        return subresources.map(({ subresource, responseKind: subresourceKind }) => ({
          group,
          version,
          kind: subresourceKind?.kind ?? "",
          resource: `${resource}/${subresource}`,
          namespaced,
        }));
      }),
    ),
  );
}
