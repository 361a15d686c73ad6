/** Carries out a plan: the only place from which children are written. */
import type { ApiClient } from "../kube/client.ts";
import { contestedLists, disownPatch, renamedCopies } from "../kube/contested-lists.ts";
import { ApiError } from "../kube/errors.ts";
import { objectKey, type KubeObject } from "../kube/object.ts";
import { postManager, fieldManager, ownershipPatch } from "../kube/ownership.ts";
import { viewChild, type LiveChild } from "../observe/child-view.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import type { DesiredChild } from "../desired/children.ts";
import { planChild, type Action, type Owner } from "../plan/plan.ts";
import { toFailure, type Failure } from "../plan/failure.ts";
import type { Fights } from "./fights.ts";

/** What came of a child's action; without a failure the child is as it should be. */
export interface ChildOutcome {
  readonly child: DesiredChild;
  readonly did: Action["do"];
  readonly failure?: Failure;
}

export interface Hands {
  readonly client: Pick<ApiClient, "get" | "create" | "apply" | "jsonPatch" | "delete">;
  readonly cache: ClusterCache;
  readonly fights: Fights;
  readonly namespace: string;
  readonly owner: Owner;
}

const removalCheckMs = 5_000;
/** Nothing tells us when an object goes that our watches do not see. */
const takenCheckMs = 30_000;

/**
 * What has to go, goes first: an autoscaler that outlived its switch would undo the replicas that we set. Then wave by
 * wave, within a wave all at once. One child's failure keeps none of the others from being tried.
 */
export async function execute(plan: readonly Action[], hands: Hands): Promise<readonly ChildOutcome[]> {
  const steps = [
    plan.filter((action) => action.do === "delete"),
    ...([0, 1] as const).map((wave) =>
      plan.filter(({ do: what, child }) => what !== "delete" && child.kind.wave === wave),
    ),
  ];
  const outcomes: ChildOutcome[] = [];
  for (const step of steps) outcomes.push(...(await Promise.all(step.map((action) => attempt(action, hands)))));
  return outcomes;
}

async function attempt(action: Action, hands: Hands): Promise<ChildOutcome> {
  const { child } = action;
  try {
    const { did, failure } = await perform(action, hands);
    return { child, did, ...(failure === undefined ? {} : { failure }) };
  } catch (error) {
    return { child, did: action.do, failure: toFailure(error, describe(child)) };
  }
}

type Performed = Omit<ChildOutcome, "child">;

async function perform(action: Action, hands: Hands): Promise<Performed> {
  const { child } = action;
  switch (action.do) {
    case "none":
    case "skip":
      return { did: action.do };
    case "create":
      return create(action.child, action.manifest, hands);
    case "apply":
      return apply(action, hands);
    case "delete": {
      await remove(action, hands);
      return { did: "delete" };
    }
    case "await-removal": {
      const message = `${describe(child)} is still being removed; it will be made again`;
      return {
        did: action.do,
        failure: { kind: "Waiting", reason: "AwaitingRemoval", afterMs: removalCheckMs, message },
      };
    }
    case "taken": {
      const message = `${describe(child)} belongs to ${action.by}: rename or remove it, or rename this GpuMediaService`;
      return { did: action.do, failure: { kind: "Stalled", reason: "NameTaken", afterMs: takenCheckMs, message } };
    }
  }
}

async function create(
  child: DesiredChild,
  manifest: NonNullable<DesiredChild["manifest"]>,
  hands: Hands,
): Promise<Performed> {
  const { client, cache, namespace, owner } = hands;
  const { type } = child.kind;
  try {
    const created = await client.create(type, child.initial ?? manifest, { fieldManager: postManager(manifest) });
    cache.children(child.kind).observeWrite(created);
    return { did: "create" };
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
  }
  // There is one that our watch does not show: somebody else's, or ours without its label.
  const live = viewChild(child.kind)(await client.get(type, namespace, child.name));
  const again = planChild(owner, child, live, true);
  return perform(again, hands);
}

async function apply(action: Action & { readonly do: "apply" }, hands: Hands): Promise<Performed> {
  const { child, manifest, live } = action;
  if (!hands.fights.mayApply(live.metadata.uid)) {
    const message = `${describe(child)} is changed by somebody else as soon as it has been repaired: see its managedFields`;
    return { did: "none", failure: { kind: "Waiting", reason: "Overwritten", afterMs: hands.fights.pauseMs, message } };
  }
  await releaseBefore(live, action, hands);
  const send = (): Promise<KubeObject> => hands.client.apply(child.kind.type, manifest, { fieldManager, force: true });
  const taken = await send().catch(async (error: unknown) => {
    if (!(await takeBack(error, action, hands))) throw error;
    return disown(await send(), action, hands);
  });
  const applied = await removeCopies(taken, action, hands);
  hands.fights.applied(live.metadata.uid);
  hands.cache.children(child.kind).observeWrite(applied);
  return { did: "apply" };
}

/** True if the apply may succeed now. */
async function takeBack(
  refused: unknown,
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: Hands,
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
  { client, namespace }: Hands,
): Promise<KubeObject> {
  const operations = disownPatch(applied);
  if (operations.length === 0) return applied;
  return client.jsonPatch(child.kind.type, namespace, child.name, operations, { fieldManager });
}

async function removeCopies(
  applied: KubeObject,
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: Hands,
): Promise<KubeObject> {
  const operations = renamedCopies(applied, manifest);
  if (operations.length === 0) return applied;
  return client.jsonPatch(child.kind.type, namespace, child.name, operations, { fieldManager });
}

/** @see ownershipPatch */
async function releaseBefore(
  live: LiveChild,
  { child, manifest }: Action & { readonly do: "apply" },
  { client, namespace }: Hands,
): Promise<void> {
  const operations = ownershipPatch(live, manifest);
  if (operations.length > 0)
    await client.jsonPatch(child.kind.type, namespace, child.name, operations, { fieldManager });
}

async function remove(
  { child, uid }: Action & { readonly do: "delete" },
  { client, cache, namespace }: Hands,
): Promise<void> {
  try {
    await client.delete(child.kind.type, namespace, child.name, { uid, propagationPolicy: "Background" });
  } catch (error) {
    // Gone, or another one by now: either way ours is no more.
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
  cache.children(child.kind).observeDelete(objectKey({ metadata: { namespace, name: child.name } }), uid);
}

/** `Deployment upscaler` */
export function describe({ kind, name }: DesiredChild): string {
  return `${kind.type.kind} ${name}`;
}
