/**
 * Keeps the rules and dashboards that services share as the services need them.
 *
 * | desired | live                        | action               |
 * | ------- | --------------------------- | -------------------- |
 * | yes     | none                        | create               |
 * | yes     | ours                        | apply, if it differs |
 * | no      | ours                        | delete               |
 * | any     | not managed by the operator | none                 |
 *
 * A kind whose objects cannot be listed, because its API is not served or RBAC forbids it, is left as it is: services keep
 * their own rules.
 */
import { isDeepStrictEqual } from "node:util";
import { sharedMonitoring, type SharedContext } from "../desired/shared-monitoring.ts";
import type { ApiClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import { deleteExact } from "../kube/exact-writes.ts";
import { objectKey, type Manifest, type ObjectKey } from "../kube/object.ts";
import { admittedAs, fieldManager, inSync, ownershipPatch, postManager } from "../kube/ownership.ts";
import { childKinds } from "../observe/child-kinds.ts";
import type { ClusterCache, SharedView } from "../observe/cluster-cache.ts";
import type { ScopedCache } from "../observe/scoped-cache.ts";
import { toFailure, type Failure } from "../plan/failure.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { Next } from "../runtime/workers.ts";
import type { Memory } from "./memory.ts";
import { requeue } from "./requeue.ts";

export interface SharedPass {
  readonly client: Pick<ApiClient, "create" | "apply" | "jsonPatch" | "delete">;
  readonly clock: Pick<Clock, "now">;
  readonly cache: Pick<ClusterCache, "services" | "sharedRules" | "sharedDashboards" | "servedKinds">;
  readonly memory: Memory;
  readonly context: SharedContext;
  /** Called when an object appears, goes or cannot be written: services then give up their own rules, or report the problem. */
  readonly onChange: () => void;
}

export const sharedKey: ObjectKey = "/shared-monitoring";

/** A list takes less, unless it is forbidden. */
const listPatienceMs = 30_000;
/** The watch does not report when an object without our label is deleted. */
const takenCheckMs = 30_000;

export async function reconcileShared(pass: SharedPass, log: Logger): Promise<Next> {
  const { cache, memory, context, onChange } = pass;
  // Until every service has been reconciled, an object that another one needs would be deleted.
  if (!memory.isComplete(cache.services.values())) return { kind: "done" };
  const desired = sharedMonitoring(memory.services(), context);
  const problems = new Map<ObjectKey, string>();
  const nexts: Next[] = [];
  let changed = false;
  for (const kept of [cache.sharedRules, cache.sharedDashboards]) {
    const manifests = desired.filter(({ kind }) => kind === kept.type.kind);
    if (!kept.synced) {
      nexts.push(unlisted(manifests, kept, pass, problems));
      continue;
    }
    for (const manifest of manifests) {
      const done = await write(manifest, kept, pass, log);
      changed ||= done.isNew === true;
      if (done.problem !== undefined) problems.set(objectKey(manifest), done.problem);
      if (done.next !== undefined) nexts.push(done.next);
    }
    // What a service with an invalid spec uses is not known after a restart. It becomes valid, or is deleted.
    if (memory.hasUnknown) continue;
    const keys = new Set(manifests.map(objectKey));
    for (const live of [...kept.values()].filter((view) => !keys.has(objectKey(view)))) {
      const done = await remove(live, kept, pass, log);
      changed ||= done.isGone === true;
      if (done.next !== undefined) nexts.push(done.next);
    }
  }
  changed ||= !isDeepStrictEqual(problems, memory.sharedProblems);
  memory.sharedProblems = problems;
  if (changed) onChange();
  return nexts.find(({ kind }) => kind !== "done") ?? { kind: "done" };
}

/** The objects stay unknown while their API is not served, which is no problem, or while they may not be listed. */
function unlisted(
  manifests: readonly Manifest[],
  { type }: ScopedCache<SharedView>,
  { cache, memory, clock, context }: SharedPass,
  problems: Map<ObjectKey, string>,
): Next {
  const isServed = type === childKinds.configMap.type || cache.servedKinds().has(childKinds.prometheusRule);
  if (manifests.length === 0) return { kind: "done" };
  const again = { kind: "requeue", afterMs: listPatienceMs } as const;
  if (!isServed || clock.now() - memory.startedAt < listPatienceMs) return again;
  const problem = `${type.kind} objects cannot be listed in ${context.operatorNamespace}: install the RBAC of this version`;
  for (const manifest of manifests) problems.set(objectKey(manifest), problem);
  return again;
}

interface Written {
  readonly isNew?: true;
  /** One line for a status. */
  readonly problem?: string;
  readonly next?: Next;
}

async function write(
  desired: Manifest,
  kept: ScopedCache<SharedView>,
  { client, memory: { sharedAdmitted } }: SharedPass,
  log: Logger,
): Promise<Written> {
  const { type } = kept;
  const { name, namespace = "" } = desired.metadata;
  const described = `${type.kind} ${namespace}/${name}`;
  const taken = {
    problem: `${described} is managed by another owner: rename or remove it`,
    next: { kind: "requeue", afterMs: takenCheckMs },
  } as const;
  const live = kept.get(objectKey(desired));
  try {
    if (live === undefined) {
      kept.observeWrite(await client.create(type, desired, { fieldManager: postManager(desired) }));
      log.info(`created ${described}`);
      return { isNew: true };
    }
    if (live.owned.by === "none") return taken;
    const key = objectKey(desired);
    if (inSync(live.owned, desired, sharedAdmitted.get(key))) return {};
    const operations = ownershipPatch(live, desired);
    if (operations.length > 0) await client.jsonPatch(type, namespace, name, operations, { fieldManager });
    const applied = await client.apply(type, desired, { fieldManager, force: true });
    const admitted = admittedAs(applied, desired);
    // Admission would change a repeated apply in the same way.
    if (admitted === undefined) sharedAdmitted.delete(key);
    else sharedAdmitted.set(key, admitted);
    kept.observeWrite(applied);
    log.info(`applied ${described}`);
    return {};
  } catch (error) {
    // It exists without our label, so the watch does not show it.
    if (live === undefined && error instanceof ApiError && error.reason === "AlreadyExists") return taken;
    const failure = toFailure(error, described);
    log.warn({ error }, `${described} cannot be written`);
    const next = requeue(failure, undefined);
    return { next: next.kind === "done" ? { kind: "backoff" } : next, ...problemOf(failure) };
  }
}

function problemOf(failure: Failure): { readonly problem?: string } {
  return failure.kind === "Stalled" || failure.kind === "Waiting" ? { problem: failure.message } : {};
}

async function remove(
  { metadata, owned }: SharedView,
  kept: ScopedCache<SharedView>,
  { client }: SharedPass,
  log: Logger,
): Promise<{ readonly isGone?: true; readonly next?: Next }> {
  const { name, namespace = "", uid, deletionTimestamp } = metadata;
  if (owned.by === "none" || deletionTimestamp !== undefined) return {};
  const described = `${kept.type.kind} ${namespace}/${name}`;
  try {
    await deleteExact(client, kept.type, { namespace, name, uid });
    kept.observeDelete(`${namespace}/${name}`, uid);
    log.info(`deleted ${described}: no service needs it`);
    return { isGone: true };
  } catch (error) {
    return { next: requeue(toFailure(error, described), undefined) };
  }
}
