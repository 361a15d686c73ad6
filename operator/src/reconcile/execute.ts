/** Carries out a plan. Only this file writes children. */
import type { ApiClient } from "../kube/client.ts";
import { contestedLists, disownPatch, renamedCopies } from "../kube/contested-lists.ts";
import { drifts, driftText, type Drift } from "../kube/drift.ts";
import { ApiError } from "../kube/errors.ts";
import { deleteExact } from "../kube/exact-writes.ts";
import type { KubeObject } from "../kube/object.ts";
import { admittedAs, manifestDigest, postManager, fieldManager, ownershipPatch } from "../kube/ownership.ts";
import { viewChild, type LiveChild } from "../observe/child-view.ts";
import { childText, type DesiredChild } from "../desired/children.ts";
import { planChild, type Action, type Owner } from "../plan/plan.ts";
import { toFailure, type Failure } from "../plan/failure.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Admission } from "./admissions.ts";
import type { ServiceMemory } from "./memory.ts";
import type { SnapshotSource } from "./snapshot.ts";

/** The result of a child's action; without a failure the child is as desired. */
export interface ChildOutcome {
  readonly child: DesiredChild;
  readonly did: Action["do"];
  readonly failure?: Failure;
  /** What another field manager had changed, when the write has only undone that. */
  readonly repaired?: string;
  /** What admission has changed in what was applied. */
  readonly admission?: Admission;
}

export interface ExecuteContext {
  readonly client: Pick<ApiClient, "get" | "create" | "apply" | "jsonPatch" | "delete">;
  readonly snapshots: Pick<SnapshotSource, "written" | "deleted">;
  readonly record: Pick<ServiceMemory, "repairs" | "settled">;
  readonly clock: Pick<Clock, "now">;
  readonly namespace: string;
  readonly owner: Owner;
}

const removalCheckMs = 5_000;
/** The watches select children by label, so they do not report when an object without the label is deleted. */
const takenCheckMs = 30_000;
/** With more frequent applies, two controllers would undo each other's writes without end. */
const overwrittenPauseMs = 30_000;

/**
 * Deletes first: an autoscaler that outlives its switch would undo the replicas that are set next. Then wave by wave,
 * within a wave concurrently. A child that fails does not keep the others from being written.
 */
export async function execute(plan: readonly Action[], context: ExecuteContext): Promise<readonly ChildOutcome[]> {
  const steps = [
    plan.filter((action) => action.do === "delete"),
    ...([0, 1] as const).map((wave) =>
      plan.filter(({ do: what, child }) => what !== "delete" && child.kind.wave === wave),
    ),
  ];
  const outcomes: ChildOutcome[] = [];
  for (const step of steps) outcomes.push(...(await Promise.all(step.map((action) => attempt(action, context)))));
  return outcomes;
}

async function attempt(action: Action, context: ExecuteContext): Promise<ChildOutcome> {
  const { child } = action;
  try {
    return { child, ...(await perform(action, context)) };
  } catch (error) {
    return { child, did: action.do, failure: toFailure(error, childText(child)) };
  }
}

type Performed = Omit<ChildOutcome, "child">;

/** Digest of what the child should be. */
export function wishOf({ manifest }: DesiredChild): string {
  return manifest === null ? "" : manifestDigest(manifest);
}

/** The child has been as it should be now, so each write repairs a change of another field manager. */
function isRepair(child: DesiredChild, { settled }: Pick<ServiceMemory, "settled">): boolean {
  return settled.get(childText(child)) === wishOf(child);
}

async function perform(action: Action, context: ExecuteContext): Promise<Performed> {
  const { child } = action;
  switch (action.do) {
    case "none":
    case "skip":
      return { did: action.do };
    case "create":
      return create(action.child, action.manifest, context);
    case "look-up":
      return performStored(child, context);
    case "apply":
      return apply(action, context);
    case "delete": {
      await remove(action, context);
      return { did: "delete" };
    }
    case "await-removal": {
      const message = `${childText(child)} is still being deleted; it will be created again`;
      return {
        did: action.do,
        failure: { kind: "Waiting", reason: "AwaitingRemoval", afterMs: removalCheckMs, message },
      };
    }
    case "taken": {
      const message = `${childText(child)} belongs to ${action.by}: rename or remove it, or rename this GpuMediaService`;
      return { did: action.do, failure: { kind: "Stalled", reason: "NameTaken", afterMs: takenCheckMs, message } };
    }
  }
}

async function create(
  child: DesiredChild,
  manifest: NonNullable<DesiredChild["manifest"]>,
  context: ExecuteContext,
): Promise<Performed> {
  const { client, snapshots, record } = context;
  const { type } = child.kind;
  try {
    const created = await client.create(type, child.initial ?? manifest, { fieldManager: postManager(manifest) });
    snapshots.written(type, created);
    return isRepair(child, record)
      ? { did: "create", repaired: `${childText(child)} was deleted and has been created again` }
      : { did: "create" };
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
  }
  return performStored(child, context);
}

/** For a child that the watch does not show: it is not managed by this operator, has lost its label, or is deleted. */
async function performStored(child: DesiredChild, context: ExecuteContext): Promise<Performed> {
  const { client, namespace, owner } = context;
  const stored = await client.get(child.kind.type, namespace, child.name).catch(unlessNotFound);
  return perform(planChild(owner, child, stored && viewChild(child.kind)(stored), true), context);
}

async function apply(action: Action & { readonly do: "apply" }, context: ExecuteContext): Promise<Performed> {
  const { child, manifest, live } = action;
  const { record, clock } = context;
  const { uid } = live.metadata;
  const repairs = isRepair(child, record);
  if (repairs && !record.repairs.has(uid, clock.now())) {
    const message = `another field manager keeps overwriting ${childText(child)}; see its metadata.managedFields`;
    return { did: "none", failure: { kind: "Waiting", reason: "Overwritten", afterMs: overwrittenPauseMs, message } };
  }
  const drift = repairs ? await currentDrift(action, context) : undefined;
  await releaseBefore(live, action, context);
  const send = (): Promise<KubeObject> =>
    context.client.apply(child.kind.type, manifest, { fieldManager, force: true });
  const taken = await send().catch(async (error: unknown) => {
    if (!(await takeBack(error, action, context))) throw error;
    return disown(await send(), action, context);
  });
  const applied = await removeCopies(taken, action, context);
  // Only a success counts: on a busy object an apply often fails, and that undoes no change. Nor does one that changes
  // nothing, as when admission changes the same fields each time.
  if (repairs && applied.metadata.resourceVersion !== live.metadata.resourceVersion) {
    record.repairs.take(uid, clock.now());
  }
  context.snapshots.written(child.kind.type, applied);
  const changed = admittedAs(applied, manifest);
  if (changed === undefined) return { did: "apply", ...(drift === undefined ? {} : { repaired: repairText(drift) }) };
  const fields = drifts(applied, manifest);
  const wasRepaired = drift !== undefined && !fields.some(({ path }) => path === drift.path);
  return {
    did: "apply",
    ...(wasRepaired ? { repaired: repairText(drift) } : {}),
    admission: { ...changed, child: childText(child), fields: fields.map((one) => `${one.path} ${driftText(one)}`) },
  };

  function repairText(one: Drift): string {
    return `${childText(child)}: ${one.path} ${driftText(one)}; change the GpuMediaService instead`;
  }
}

/** The cache keeps no values, so this costs a request; a drift is rare. Undefined when only the ownership has changed. */
async function currentDrift(
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: ExecuteContext,
): Promise<Drift | undefined> {
  const live = await client.get(child.kind.type, namespace, child.name).catch(unlessNotFound);
  return live && drifts(live, manifest)[0];
}

/** Restores lists that another field manager has edited. Returns true if the apply may succeed now. */
async function takeBack(
  refused: unknown,
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: ExecuteContext,
): Promise<boolean> {
  if (!(refused instanceof ApiError) || refused.status !== 422) return false;
  const { type } = child.kind;
  const operations = contestedLists(refused, await client.get(type, namespace, child.name), manifest);
  if (operations.length === 0) return false;
  await client.jsonPatch(type, namespace, child.name, operations, { fieldManager });
  return true;
}

async function disown(
  applied: KubeObject,
  { child }: Action & { readonly do: "apply" },
  { client, namespace }: ExecuteContext,
): Promise<KubeObject> {
  const operations = disownPatch(applied);
  if (operations.length === 0) return applied;
  return client.jsonPatch(child.kind.type, namespace, child.name, operations, { fieldManager });
}

/** Retries: no later reconcile removes the copy, as the child is in sync. */
async function removeCopies(
  applied: KubeObject,
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: ExecuteContext,
): Promise<KubeObject> {
  const { type } = child.kind;
  let live = applied;
  for (let triesLeft = 3; ; triesLeft--) {
    const operations = renamedCopies(live, manifest);
    if (operations.length === 0) return live;
    try {
      return await client.jsonPatch(type, namespace, child.name, operations, { fieldManager });
    } catch (error) {
      if (!(error instanceof ApiError) || ![409, 422].includes(error.status) || triesLeft === 0) throw error;
      live = await client.get(type, namespace, child.name);
    }
  }
}

/** @see ownershipPatch */
async function releaseBefore(
  live: LiveChild,
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: ExecuteContext,
): Promise<void> {
  const operations = ownershipPatch(live, manifest);
  if (operations.length > 0)
    await client.jsonPatch(child.kind.type, namespace, child.name, operations, { fieldManager });
}

async function remove(
  { child, uid }: Action & { readonly do: "delete" },
  { client, snapshots, namespace }: ExecuteContext,
): Promise<void> {
  await deleteExact(client, child.kind.type, { namespace, name: child.name, uid });
  snapshots.deleted(child.kind.type, `${namespace}/${child.name}`, uid);
}

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}
