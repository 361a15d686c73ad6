/**
 * The ConfigMap that configures the cluster's DCGM exporters: the union of the metrics that all services request.
 *
 * | desired | live                        | action                           |
 * | ------- | --------------------------- | -------------------------------- |
 * | yes     | none                        | create                           |
 * | yes     | ours                        | apply, if it differs             |
 * | no      | ours                        | delete                           |
 * | any     | not managed by the operator | none; the services' checklist shows it |
 */
import { childKinds } from "../observe/child-kinds.ts";
import { dcgmMetrics } from "../desired/dcgm-metrics.ts";
import { dcgmMetricsName } from "../observe/names.ts";
import { admittedAs, postManager, fieldManager, inSync, ownershipPatch } from "../kube/ownership.ts";
import type { Manifest, ObjectKey } from "../kube/object.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { toFailure } from "../plan/failure.ts";
import type { Logger } from "../runtime/log.ts";
import type { Next } from "../runtime/workers.ts";
import type { Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import { requeue } from "./requeue.ts";

export interface DcgmPass extends Pick<Pass, "client"> {
  readonly cache: ClusterCache;
  readonly memory: Memory;
  /** Of the ConfigMap: the operator's own. */
  readonly namespace: string;
}

const { type } = childKinds.configMap;

export async function reconcileDcgm(pass: DcgmPass, log: Logger): Promise<Next> {
  const { cache, memory, namespace } = pass;
  // Until every service has been reconciled, the union would lack the requests of the others.
  if (!cache.dcgm.synced || !memory.isComplete(cache.services.values())) return { kind: "done" };
  const { manifest, unknownFields } = dcgmMetrics(memory.services(), namespace);
  if (unknownFields.length > 0) log.warn({ fields: unknownFields }, "left out unknown DCGM fields");
  try {
    await write(manifest, cache.dcgm.get(dcgmKey(namespace)), pass, log);
    return { kind: "done" };
  } catch (error) {
    return requeue(toFailure(error, `ConfigMap ${dcgmMetricsName}`), undefined);
  }
}

export function dcgmKey(namespace: string): ObjectKey {
  return `${namespace}/${dcgmMetricsName}`;
}

async function write(
  desired: Manifest | null,
  live: ChildView | undefined,
  { client, cache, memory, namespace }: DcgmPass,
  log: Logger,
): Promise<void> {
  if (live?.owned.by === "none") {
    log.warn(`ConfigMap ${dcgmMetricsName} in ${namespace} is not managed by this operator: not changed`);
    return;
  }
  if (desired === null) {
    if (live === undefined) return;
    await client.delete(type, namespace, dcgmMetricsName, { uid: live.metadata.uid });
    cache.dcgm.observeDelete(dcgmKey(namespace), live.metadata.uid);
    log.info(`deleted ConfigMap ${dcgmMetricsName}: no service requests GPU metrics`);
    return;
  }
  if (live === undefined) {
    cache.dcgm.observeWrite(await client.create(type, desired, { fieldManager: postManager(desired) }));
    log.info(`created ConfigMap ${dcgmMetricsName}`);
    return;
  }
  if (inSync(live.owned, desired, memory.dcgmAdmitted)) return;
  const operations = ownershipPatch(live, desired);
  if (operations.length > 0) await client.jsonPatch(type, namespace, dcgmMetricsName, operations, { fieldManager });
  const applied = await client.apply(type, desired, { fieldManager, force: true });
  // Admission would change a repeated apply in the same way, and the event of each would cause the next.
  memory.dcgmAdmitted = admittedAs(applied, desired);
  cache.dcgm.observeWrite(applied);
  log.info(`applied ConfigMap ${dcgmMetricsName}: restart the exporters, which read it only when they start`);
}
