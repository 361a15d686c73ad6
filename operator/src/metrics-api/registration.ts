/**
 * Registers the metrics API with the API server: two APIServices, and the Service that they name.
 *
 * Objects of another provider stay untouched: custom.metrics.k8s.io is one group with one provider for the whole cluster.
 * The Service has no selector: only the leader has metrics, and its EndpointSlice names the leader. API servers before Kubernetes
 * 1.34 read its Endpoints instead. A Service of another owner (such as an ExternalName for an operator outside the cluster) is used
 * as it is.
 */
import type { ApiClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import {
  apiVersionOf,
  clusterType,
  namespacedType,
  type KubeObject,
  type Manifest,
  type ResourceType,
} from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { managedBy } from "../observe/names.ts";
import { group, versions } from "./documents.ts";

export interface Place {
  readonly namespace: string;
  /** Name of the Service. */
  readonly name: string;
  /** Where the server listens. */
  readonly port: number;
  /** The process's address in the cluster; undefined: another Service routes to it. */
  readonly address: string | undefined;
  /** Whether the API server reads the Endpoints of a Service, which it does before Kubernetes 1.34, or its EndpointSlices. */
  readonly readsEndpoints: boolean;
}

export type Registered =
  | { readonly kind: "Registered"; readonly isInstalled: boolean }
  /** Another provider owns the APIService, or no Service routes to this process. */
  | { readonly kind: "Refused"; readonly message: string };

const apiServices = clusterType("apiregistration.k8s.io/v1", "APIService", "apiservices");
const services = namespacedType("v1", "Service", "services");
const endpointSlices = namespacedType("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");
const endpoints = namespacedType("v1", "Endpoints", "endpoints");
const servicePort = 443;
const managedByLabel = "app.kubernetes.io/managed-by";
/** Also on the chart's objects, where managed-by is Helm: operator and Helm would overwrite that label in turn. */
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

/**
 * `authorities`: PEM, the CAs of the server's old and new certificate. `wasInstalled`: an earlier call found the Service of an
 * installation, which is not replaced when it is uninstalled. Idempotent. @throws {ApiError}
 */
export async function register(
  client: Client,
  place: Place,
  authorities: string,
  wasInstalled = false,
): Promise<Registered> {
  const found: readonly (ApiService | undefined)[] = await Promise.all(
    versions.map((version) => find(client, apiServices, "", `${version}.${group}`)),
  );
  const foreign = found.find((one) => one !== undefined && !isOurs(one, place));
  if (foreign !== undefined) return { kind: "Refused", message: takenBy(foreign) };
  const route = await routeHere(client, place, wasInstalled);
  if ("kind" in route) return route;
  const { port, isInstalled } = route;
  // While the chart is being uninstalled, its APIServices are gone before its pods: a new one would outlive both.
  const missing = versions.find((_version, at) => found[at] === undefined);
  if (missing !== undefined && isInstalled) {
    const message = `APIService ${missing}.${group} of the installation is missing: repeat the installation`;
    return { kind: "Refused", message };
  }
  for (const [at, version] of versions.entries()) {
    const manifest = apiService(version, place, port, authorities, 200 - 100 * at);
    const live = found[at];
    // A POST: an apply would merge into the object of another provider that was faster.
    if (live === undefined) await client.create(apiServices, manifest, { fieldManager });
    else if (live.spec?.caBundle !== manifest.spec.caBundle || live.spec.service?.port !== port) {
      const applied = { ...manifest, metadata: { ...manifest.metadata, labels: partOfUs } };
      await client.apply(apiServices, applied, { fieldManager, force: true });
    }
  }
  return { kind: "Registered", isInstalled };
}

/** The name in the certificate, which the aggregator verifies for any address. */
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
  return `APIService ${metadata.name} is managed by ${who}: delete it, or unset --metrics-api-address and let that provider serve the pods' metrics`;
}

interface Route {
  readonly port: number;
  /** The Service is part of an installation, which has the APIServices, too. */
  readonly isInstalled: boolean;
}

/** Makes the Service route to this process and returns its port. */
async function routeHere(client: Client, place: Place, wasInstalled: boolean): Promise<Route | Registered> {
  const { namespace, name, port, address, readsEndpoints } = place;
  const service: Service | undefined = await find(client, services, namespace, name);
  if (service === undefined && wasInstalled) {
    return {
      kind: "Refused",
      message: `Service ${namespace}/${name} of the installation is missing: repeat the installation`,
    };
  }
  // The aggregator connects to the external name, on the APIService's port.
  if (service?.spec?.type === "ExternalName") return { port, isInstalled: false };
  if (service !== undefined && !isPartOfUs(service.metadata.labels)) return { port: servicePort, isInstalled: false };
  if (address === undefined) {
    const message = `no Service routes to the metrics API: set --metrics-api-advertise-address to this process's address (in a pod, status.podIP), or create Service ${namespace}/${name}`;
    return { kind: "Refused", message };
  }
  const metadata = { name, namespace, labels };
  const ports = [{ name: "https", port: servicePort, targetPort: port, protocol: "TCP" }];
  const options = { fieldManager, force: true };
  const type = (one: ResourceType) => ({ apiVersion: apiVersionOf(one), kind: one.kind });
  const isOthers = service !== undefined && service.metadata.labels?.[managedByLabel] !== managedBy;
  if (!isOthers) await client.apply(services, { ...type(services), metadata, spec: { ports } } as Manifest, options);
  const owned = {
    name,
    namespace,
    // Deleted with the Service when the chart is uninstalled.
    ...(isOthers ? { ownerReferences: [{ ...type(services), name, uid: service.metadata.uid }] } : {}),
  };
  const slice = {
    ...type(endpointSlices),
    metadata: { ...owned, labels: { ...labels, "kubernetes.io/service-name": name } },
    addressType: address.includes(":") ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
  await client.apply(endpointSlices, slice, options);
  if (readsEndpoints) {
    const old = {
      ...type(endpoints),
      // Without it, the controller manager would copy them into a second EndpointSlice.
      metadata: { ...owned, labels: { ...labels, "endpointslice.kubernetes.io/skip-mirror": "true" } },
      subsets: [{ addresses: [{ ip: address }], ports: [{ name: "https", port, protocol: "TCP" }] }],
    };
    await client.apply(endpoints, old, options);
  }
  return { port: servicePort, isInstalled: isOthers };
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
