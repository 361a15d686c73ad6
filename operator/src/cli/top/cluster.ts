/** Reads a cluster for `top`: the services, their pods, and the report of each running pod. */
import type { KubeObject, ResourceType } from "../../kube/object.ts";
import type { ApiClient, Selection } from "../../kube/client.ts";
import { ApiError } from "../../kube/errors.ts";
import type { Transport } from "../../kube/transport.ts";
import { serviceLabel } from "../../observe/names.ts";
import { viewPod, type PodView } from "../../observe/pod-view.ts";
import { podType, serviceType, type StoredService } from "../../observe/cluster-cache.ts";
import { fetchPodReport } from "./pod-report.ts";
import { snapshot, type ListedPod, type Snapshot } from "./snapshot.ts";

/** The services to show. */
export interface ServiceSelection {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** Empty: all of the namespace. */
  readonly names: readonly string[];
}

export interface Reach {
  readonly client: Pick<ApiClient, "list">;
  readonly transport: Pick<Transport, "stream">;
}

/** A failed request, with a message for the user. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}

const pageSize = 500;
/** Each report in flight is a connection to the API server, and through it one to a pod. */
const mostInFlight = 32;
const reportTimeoutMs = 3_000;

/** @throws {ClusterError} when services cannot be listed, or one of the names does not exist. */
export async function readCluster(reach: Reach, selection: ServiceSelection, signal: AbortSignal): Promise<Snapshot> {
  const { namespace, names } = selection;
  // Services first: of two refusals, theirs is the one to report.
  const services = await list(reach.client, serviceType, { namespace }, signal);
  const podsOfServices = { namespace, labelSelector: serviceLabel, fieldSelector: notFinished };
  const pods = await list(reach.client, podType, podsOfServices, signal);
  const missing = names.find((name) => !services.some(({ metadata }) => metadata.name === name));
  if (missing !== undefined) throw new ClusterError(`GpuMediaService ${missing} not found in namespace ${namespace}`);
  const shown = services.filter(({ metadata }) => names.length === 0 || names.includes(metadata.name));
  const keys = new Set(shown.map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`));
  const views = pods.map(viewPod).filter((pod) => pod?.service !== undefined && keys.has(pod.service));
  const listed = await collectReports(
    reach.transport,
    views.filter((pod) => pod !== undefined),
    signal,
  );
  return snapshot(shown.toSorted(byKey) as readonly StoredService[], listed, namespace === undefined);
}

/** A pod that its kubelet has failed shows why. */
const notFinished = "status.phase!=Succeeded";

function byKey(a: KubeObject, b: KubeObject): number {
  const [one, other] = [a, b].map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`);
  return (one ?? "") < (other ?? "") ? -1 : 1;
}

async function list(
  client: Pick<ApiClient, "list">,
  type: ResourceType,
  selection: Selection,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const items: KubeObject[] = [];
  let next: string | undefined;
  try {
    do {
      const page = await client.list(type, { ...selection, limit: pageSize, continue: next, signal });
      items.push(...page.items);
      next = page.continue;
    } while (next !== undefined);
    return items;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ClusterError(listFailure(type, error), { cause: error });
  }
}

function listFailure({ kind }: ResourceType, { status, message }: ApiError): string {
  if (status === 0) return `cannot reach the API server: ${message}`;
  if (status === 404 && kind === serviceType.kind)
    return `the cluster does not serve the kind ${kind}: is gpumedia installed?`;
  return message;
}

async function collectReports(
  transport: Pick<Transport, "stream">,
  pods: readonly PodView[],
  signal: AbortSignal,
): Promise<readonly ListedPod[]> {
  const listed: ListedPod[] = [];
  const waiting = pods.values();
  const collect = async (): Promise<void> => {
    for (const pod of waiting) {
      const runs = pod.ip !== undefined && pod.container?.running === true;
      listed.push({ pod, answer: runs ? await fetchPodReport(transport, pod, reportTimeoutMs, signal) : undefined });
    }
  };
  await Promise.all(Array.from({ length: mostInFlight }, collect));
  return listed;
}
