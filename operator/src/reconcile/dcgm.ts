/**
 * The one ConfigMap that tells the cluster's DCGM exporters what to export: the union of what all services ask for.
 *
 * | wanted | there           | done                           |
 * | ------ | --------------- | ------------------------------ |
 * | yes    | nothing         | create                         |
 * | yes    | ours            | apply, if it is not as wanted  |
 * | no     | ours            | delete                         |
 * | any    | somebody else's | nothing; the services say so   |
 */
import { childKinds } from "../observe/child-kinds.ts";
import { dcgmMetrics } from "../desired/dcgm-metrics.ts";
import { dcgmMetricsName } from "../observe/names.ts";
import { postManager, fieldManager, inSync, ownershipPatch } from "../kube/ownership.ts";
import { objectKey, type Manifest, type ObjectKey } from "../kube/object.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { toFailure } from "../plan/failure.ts";
import type { Logger } from "../runtime/log.ts";
import type { Next } from "../runtime/workers.ts";
import type { DcgmRequests } from "./dcgm-requests.ts";
import { nextVisit } from "./next-visit.ts";
import type { Pass } from "./pass.ts";

export interface DcgmPass extends Pick<Pass, "client"> {
  readonly cache: ClusterCache;
  readonly requests: DcgmRequests;
  /** Where the ConfigMap is: the operator's own namespace. */
  readonly namespace: string;
}

const { type } = childKinds.configMap;

export async function reconcileDcgm(pass: DcgmPass, log: Logger): Promise<Next> {
  const { cache, requests, namespace } = pass;
  if (!cache.dcgm.synced || !requests.covers(serviceKeys(cache))) return { kind: "done" };
  const { manifest, unknownFields } = dcgmMetrics(requests.all, namespace);
  if (unknownFields.length > 0) log.warn({ fields: unknownFields }, "left out DCGM fields that are not known");
  try {
    await write(manifest, cache.dcgm.get(dcgmKey(namespace)), pass, log);
    return { kind: "done" };
  } catch (error) {
    return nextVisit(toFailure(error, `ConfigMap ${dcgmMetricsName}`), undefined);
  }
}

export function dcgmKey(namespace: string): ObjectKey {
  return `${namespace}/${dcgmMetricsName}`;
}

/** Is there one of that name that is not ours? */
export function dcgmTaken(cache: ClusterCache, namespace: string): boolean {
  return cache.dcgm.get(dcgmKey(namespace))?.owned.by === "none";
}

async function write(wanted: Manifest | null, live: ChildView | undefined, pass: DcgmPass, log: Logger): Promise<void> {
  const { client, cache, namespace } = pass;
  if (live?.owned.by === "none") {
    log.warn(`ConfigMap ${dcgmMetricsName} in ${namespace} is not ours: left as it is`);
    return;
  }
  if (wanted === null) {
    if (live === undefined) return;
    await client.delete(type, namespace, dcgmMetricsName, { uid: live.metadata.uid });
    cache.dcgm.observeDelete(dcgmKey(namespace), live.metadata.uid);
    log.info(`deleted ConfigMap ${dcgmMetricsName}: no service asks for GPU metrics`);
    return;
  }
  if (live === undefined) {
    cache.dcgm.observeWrite(await client.create(type, wanted, { fieldManager: postManager(wanted) }));
    log.info(`created ConfigMap ${dcgmMetricsName}`);
    return;
  }
  if (inSync(live.owned, wanted)) return;
  const operations = ownershipPatch(live, wanted);
  if (operations.length > 0) await client.jsonPatch(type, namespace, dcgmMetricsName, operations, { fieldManager });
  cache.dcgm.observeWrite(await client.apply(type, wanted, { fieldManager, force: true }));
  log.info(`applied ConfigMap ${dcgmMetricsName}: restart the exporters to let them see it`);
}

function serviceKeys(cache: ClusterCache): Iterable<ObjectKey> {
  return [...cache.services.values()].map(objectKey);
}
