/**
 * How the API server finds the metrics API: two APIServices, and the Service that they name.
 *
 * Nothing of another provider is touched: custom.metrics.k8s.io is one group for the whole cluster, and whoever serves
 * it serves all of it. The Service has no selector, as only the process that leads knows anything: its EndpointSlice
 * names that one. A Service that somebody else made (an ExternalName for an operator outside of the cluster) is used as
 * it is.
 */
import type { ApiClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import { apiVersionOf, type KubeObject, type Manifest, type ResourceType } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { managedBy } from "../observe/names.ts";
import { group, versions } from "./documents.ts";

export interface Place {
  readonly namespace: string;
  /** Of the Service. */
  readonly name: string;
  /** Where the server listens. */
  readonly port: number;
  /** The process's address in the cluster; undefined: somebody else leads the way. */
  readonly address: string | undefined;
}

export type Registered =
  | { readonly kind: "Registered" }
  /** Another provider has the APIService, or nobody leads to us. */
  | { readonly kind: "Refused"; readonly message: string };

const apiServices: ResourceType = {
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  resource: "apiservices",
  namespaced: false,
};
const services: ResourceType = { group: "", version: "v1", kind: "Service", resource: "services", namespaced: true };
const endpointSlices: ResourceType = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  resource: "endpointslices",
  namespaced: true,
};
const servicePort = 443;
const managedByLabel = "app.kubernetes.io/managed-by";
/** Also on what the chart installs, where managed-by is Helm: the two would take that label from each other for ever. */
const partOfUs = { "app.kubernetes.io/part-of": "gpumedia" };
const labels = { [managedByLabel]: managedBy, ...partOfUs };

type Client = Pick<ApiClient, "get" | "create" | "apply">;
type ApiService = KubeObject & {
  readonly spec?: {
    readonly caBundle?: string;
    readonly service?: { readonly namespace?: string; readonly name?: string; readonly port?: number };
  };
};
type Service = KubeObject & { readonly spec?: { readonly type?: string } };

/** `authorities`: PEM, all that may have signed what the server shows. Fails with an `ApiError`; safe to repeat. */
export async function register(client: Client, place: Place, authorities: string): Promise<Registered> {
  const found: readonly (ApiService | undefined)[] = await Promise.all(
    versions.map((version) => find(client, apiServices, "", `${version}.${group}`)),
  );
  const foreign = found.find((one) => one !== undefined && !isOurs(one, place));
  if (foreign !== undefined) return { kind: "Refused", message: takenBy(foreign) };
  const port = await leadToUs(client, place);
  if (typeof port !== "number") return port;
  for (const [at, version] of versions.entries()) {
    const manifest = apiService(version, place, port, authorities, 200 - 100 * at);
    const live = found[at];
    // A POST, so that another provider that was faster is not merged into.
    if (live === undefined) await client.create(apiServices, manifest, { fieldManager });
    else if (live.spec?.caBundle !== manifest.spec.caBundle || live.spec.service?.port !== port) {
      const applied = { ...manifest, metadata: { ...manifest.metadata, labels: partOfUs } };
      await client.apply(apiServices, applied, { fieldManager, force: true });
    }
  }
  return { kind: "Registered" };
}

/** The name in the certificate: what the aggregator asks for, whatever the address. */
export function servingName({ namespace, name }: Pick<Place, "namespace" | "name">): string {
  return `${name}.${namespace}.svc`;
}

function isOurs({ metadata, spec }: ApiService, { namespace, name }: Place): boolean {
  const { service } = spec ?? {};
  return isPartOfUs(metadata.labels) && service?.namespace === namespace && service.name === name;
}

function isPartOfUs(live: KubeObject["metadata"]["labels"]): boolean {
  return Object.entries(partOfUs).every(([label, value]) => live?.[label] === value);
}

function takenBy({ metadata, spec }: ApiService): string {
  const { service } = spec ?? {};
  const who = service === undefined ? "the API server itself" : `Service ${service.namespace}/${service.name}`;
  return `APIService ${metadata.name} belongs to ${who}, which is left alone: remove it, or leave --metrics-api-address out and let that provider serve the pods' metrics`;
}

/** The port of the Service. */
async function leadToUs(client: Client, place: Place): Promise<number | Registered> {
  const { namespace, name, port, address } = place;
  const service: Service | undefined = await find(client, services, namespace, name);
  // The aggregator goes to the name itself, on the port that the APIService names.
  if (service?.spec?.type === "ExternalName") return port;
  if (service !== undefined && !isPartOfUs(service.metadata.labels)) return servicePort;
  if (address === undefined) {
    const message = `nothing leads to the metrics API: set --metrics-api-advertise-address to this process's address (in a pod status.podIP), or make the Service ${namespace}/${name}`;
    return { kind: "Refused", message };
  }
  const metadata = { name, namespace, labels };
  const ports = [{ name: "https", port: servicePort, targetPort: port, protocol: "TCP" }];
  const options = { fieldManager, force: true };
  const type = (one: ResourceType) => ({ apiVersion: apiVersionOf(one), kind: one.kind });
  const isOthers = service !== undefined && service.metadata.labels?.[managedByLabel] !== managedBy;
  if (!isOthers) await client.apply(services, { ...type(services), metadata, spec: { ports } } as Manifest, options);
  const slice = {
    ...type(endpointSlices),
    metadata: {
      name,
      namespace,
      labels: { ...labels, "kubernetes.io/service-name": name },
      // It goes with the Service when the chart is uninstalled.
      ...(isOthers ? { ownerReferences: [{ ...type(services), name, uid: service.metadata.uid }] } : {}),
    },
    addressType: address.includes(":") ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
  await client.apply(endpointSlices, slice, options);
  return servicePort;
}

function apiService(version: string, { namespace, name }: Place, port: number, authorities: string, priority: number) {
  return {
    apiVersion: apiVersionOf(apiServices),
    kind: apiServices.kind,
    metadata: { name: `${version}.${group}`, labels },
    spec: {
      group,
      version,
      groupPriorityMinimum: 100,
      versionPriority: priority,
      service: { namespace, name, port },
      caBundle: Buffer.from(authorities).toString("base64"),
    },
  };
}

async function find(
  client: Client,
  type: ResourceType,
  namespace: string,
  name: string,
): Promise<KubeObject | undefined> {
  try {
    return await client.get(type, namespace, name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
