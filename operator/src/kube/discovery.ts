/**
 * Which kinds the API server serves, and noticing when that changes.
 *
 * One request tells all groups (aggregated discovery), and the ETag makes the next one cheap while nothing changes: a
 * poll is one 304 without a body. Servers before 1.27 know neither and are asked group by group.
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

/** A kind to ask for; any version will do when it names none. */
export interface ApiQuery {
  readonly group: string;
  readonly version?: string;
  readonly resource: string;
}

/** The kinds served at one moment. */
export class Apis {
  readonly #types = new Map<string, ResourceType>();

  constructor(types: Iterable<ResourceType>) {
    for (const type of types) {
      this.#types.set(`${type.group}/${type.version}/${type.resource}`, type);
      // The server names the version that it prefers first.
      const anyVersion = `${type.group}//${type.resource}`;
      if (!this.#types.has(anyVersion)) this.#types.set(anyVersion, type);
    }
  }

  serves(wanted: ApiQuery): boolean {
    return this.find(wanted) !== undefined;
  }

  /** The kind as it is served, in the server's preferred version when `wanted` names none. */
  find({ group, version = "", resource }: ApiQuery): ResourceType | undefined {
    return this.#types.get(`${group}/${version}/${resource}`);
  }

  get types(): readonly ResourceType[] {
    return [...new Set(this.#types.values())];
  }

  /** What is served here and not there. */
  without(other: Apis): readonly ResourceType[] {
    return this.types.filter((type) => !other.serves(type));
  }
}

/** Reads what is served; the same `Apis` again as long as the server says that nothing has changed. */
export interface Discovery {
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
      // The core group is compiled in: asking once is enough.
      core ??= await versionResources("v1", signal);
      const answer = await get("/apis", signal, last?.etag);
      if (answer.status === 304 && last !== undefined) return last.apis;
      const apis = new Apis([...core, ...(await typesOf(answer, signal))]);
      const { etag } = answer.headers;
      last = typeof etag === "string" ? { etag, apis } : undefined;
      return apis;
    },
  };
}
