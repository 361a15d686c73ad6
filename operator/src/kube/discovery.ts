/**
 * Reads which kinds the API server serves.
 *
 * Aggregated discovery returns all groups in one response, and its ETag makes further requests cheap: while nothing
 * changes, a poll is a 304 without a body. Servers before 1.27 support neither and are read group by group.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
import type { ApiClient, RawResponse } from "./client.ts";
import {
  typesOfAggregated,
  typesOfVersion,
  versionsOfGroups,
  type AggregatedDiscovery,
  type GroupList,
  type VersionResources,
} from "./discovery-documents.ts";
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

  constructor(types: Iterable<ResourceType>) {
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

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
const accept = `${aggregated("v2")},${aggregated("v2beta1")},application/json`;

export function createDiscovery(client: Pick<ApiClient, "rawJson">): Discovery {
  let core: readonly ResourceType[] | undefined;
  let last: { readonly etag: string; readonly apis: Apis } | undefined;

  const get = (path: string, signal: AbortSignal | undefined, etag?: string): Promise<RawResponse> => {
    const headers = { accept, ...(etag === undefined ? {} : { "if-none-match": etag }) };
    return client.rawJson("GET", path, { headers, accept: [304], ...(signal === undefined ? {} : { signal }) });
  };

  async function versionResources(groupVersion: string, signal: AbortSignal | undefined): Promise<ResourceType[]> {
    const root = groupVersion === "v1" ? "/api" : "/apis";
    const { body } = await get(`${root}/${groupVersion}`, signal);
    return typesOfVersion(body as VersionResources);
  }

  async function typesOf({ body }: RawResponse, signal: AbortSignal | undefined): Promise<readonly ResourceType[]> {
    const document = body as AggregatedDiscovery | GroupList;
    if (document.kind === "APIGroupDiscoveryList") return typesOfAggregated(document);
    const versions = versionsOfGroups(document);
    const types = await Promise.all(versions.map((version) => versionResources(version, signal)));
    return types.flat();
  }

  return {
    async read(signal) {
      // The core group never changes while the server runs.
      core ??= await versionResources("v1", signal);
      const response = await get("/apis", signal, last?.etag);
      if (response.status === 304 && last !== undefined) return last.apis;
      const apis = new Apis([...core, ...(await typesOf(response, signal))]);
      const { etag } = response.headers;
      last = typeof etag === "string" ? { etag, apis } : undefined;
      return apis;
    },
  };
}
