/**
 * How the API server reaches a neighbour's process: by a Service without a selector and an EndpointSlice with the node's address, to
 * which the process node forwards the ClusterIP. Aggregated APIs and webhooks then name the Service, as in an installation.
 */
import { parseAllDocuments } from "yaml";
import type { Cluster } from "../cluster/cluster.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import type { KubernetesObject } from "../cluster/rest.ts";

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** `port` is the Service's, `targetPort` the one on which the process listens at the node's address. */
export interface ServicePort {
  readonly port: number;
  readonly targetPort: number;
}

/** Adds the Service, and its namespace. */
export async function addService(
  cluster: Cluster,
  service: ServiceName,
  { port, targetPort }: ServicePort,
): Promise<void> {
  const { namespace, name } = service;
  await apply(cluster, [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { ports: [{ name: "main", port, targetPort }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${name}-process`, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "main", port: targetPort, protocol: "TCP" }],
      endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
    },
  ]);
}

/** The names in the certificate of a server that is reached by this Service. */
export function namesOf({ namespace, name }: ServiceName): readonly string[] {
  return [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
}

export interface AggregatedApi {
  readonly group: string;
  readonly version: string;
  readonly service: ServiceName;
  /** PEM of the CA of the server's certificate. */
  readonly authority: string;
}

export async function addApi(cluster: Cluster, { group, version, service, authority }: AggregatedApi): Promise<void> {
  await apply(cluster, [
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `${version}.${group}` },
      spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, service, caBundle: base64(authority) },
    },
  ]);
}

type WebhookConfiguration = KubernetesObject & { readonly webhooks: readonly { readonly clientConfig: object }[] };

/** Adds a neighbour's webhooks, from the YAML that it ships, with the CA of their server's certificate. */
export async function addWebhooks(cluster: Cluster, yaml: string, authority: string): Promise<void> {
  const configurations = parseAllDocuments(yaml).map((document) => document.toJS() as WebhookConfiguration);
  await apply(
    cluster,
    configurations.map((configuration) => ({
      ...configuration,
      webhooks: configuration.webhooks.map((webhook) => {
        return { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle: base64(authority) } };
      }),
    })),
  );
}

type AnyObject = Pick<KubernetesObject, "apiVersion" | "kind" | "metadata"> & Readonly<Record<string, unknown>>;

async function apply(cluster: Cluster, objects: readonly AnyObject[]): Promise<void> {
  await cluster.kubectlWithInput(objects, "apply", "--server-side", "--force-conflicts", "-f", "-");
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
