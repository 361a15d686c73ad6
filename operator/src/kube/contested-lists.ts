/**
 * Repairs lists that an apply alone cannot repair. The items of a list with keys are owned one by one, so another field
 * manager that edits the key of our item then owns a new item, and our next apply adds ours beside it:
 *
 * - A Service's port 80 that became 81: two ports called http, which the API server rejects, so the edit would stay. The
 *   whole list is replaced before the apply is sent again.
 * - A container that was renamed: each pod has two of them, which compete for the port. The copy is removed.
 */
import type { ApiError } from "./errors.ts";
import type { JsonPatchOperation, KubeObject, Manifest, ManagedFieldsEntry } from "./object.ts";
import { fieldManager, isRecord } from "./ownership.ts";

interface ListReplacement {
  readonly op: "replace";
  readonly path: string;
  readonly value: unknown;
}

/** Returns the patch to send before the apply is repeated; empty when the rejection has another reason. */
export function contestedLists(refused: ApiError, live: KubeObject, desired: Manifest): readonly JsonPatchOperation[] {
  const duplicates = (refused.causes ?? []).filter(({ reason }) => reason === "FieldValueDuplicate");
  const lists = new Map<string, JsonPatchOperation>();
  for (const { field } of duplicates) {
    for (const list of innermostLists(stepsOf(field), live, desired)) lists.set(list.path, list);
  }
  return lists.size === 0 ? [] : [sameVersion(live), ...lists.values()];
}

/** Gives up the patch's ownership of the list: otherwise items that the apply no longer sends would never be removed. */
export function disownPatch(live: KubeObject): readonly JsonPatchOperation[] {
  const entries = live.metadata.managedFields ?? [];
  const index = entries.findIndex(isPatchOfOurs);
  return index === -1 ? [] : [sameVersion(live), { op: "remove", path: `/metadata/managedFields/${index}` }];
}

function isPatchOfOurs({ manager, operation, subresource = "" }: ManagedFieldsEntry): boolean {
  return manager === fieldManager && operation === "Update" && subresource === "";
}

/** Makes the server return 409 if the object has changed: an index is valid only for the version that was read. */
function sameVersion({ metadata }: KubeObject): JsonPatchOperation {
  return { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion };
}

/** Returns the steps to the innermost list: `ports` for `spec.template.spec.containers[0].ports[1].name`. */
function stepsOf(field: string): readonly string[] {
  const steps = [...field.matchAll(/([^.[\]]+)/g)].map(([step]) => step);
  return steps.slice(0, Math.max(0, steps.findLastIndex(isIndex)));
}

function isIndex(step: string): boolean {
  return /^\d+$/.test(step);
}

/** Finds items by name: the indices count the items of the rejected object, including those of other field managers. */
function innermostLists(steps: readonly string[], live: unknown, desired: unknown, path = ""): ListReplacement[] {
  const [step, ...rest] = steps;
  if (step === undefined) {
    return Array.isArray(live) && Array.isArray(desired) ? [{ op: "replace", path, value: desired }] : [];
  }
  if (!isIndex(step)) return innermostLists(rest, memberOf(live, step), memberOf(desired, step), `${path}/${step}`);
  if (!Array.isArray(live) || !Array.isArray(desired)) return [];
  return desired.flatMap((item: unknown) => {
    const index = live.findIndex((candidate) => nameOf(candidate) === nameOf(item));
    return innermostLists(rest, live[index], item, `${path}/${index}`);
  });
}

/** Lists in which a renamed item stays in effect beside the one that was added again. */
const copiedLists = [
  ["spec", "template", "spec", "containers"],
  ["spec", "groups"],
];

/**
 * Returns the patch that removes renamed copies: items that have all that ours has except for its name. It tests their names instead of
 * the object's version, which each status of the Deployment controller changes: the server returns 422 if the list has changed.
 */
export function renamedCopies(live: KubeObject, desired: Manifest): readonly JsonPatchOperation[] {
  const copies = copiedLists.flatMap((steps) => {
    const [theirs, ours] = [steps.reduce(memberOf, live as unknown), steps.reduce(memberOf, desired as unknown)];
    if (!Array.isArray(theirs) || !Array.isArray(ours)) return [];
    const isCopy = (candidate: unknown): boolean =>
      ours.every((item) => nameOf(item) !== nameOf(candidate)) &&
      ours.some((item) => includesAll(candidate, { ...(item as object), name: undefined }));
    return theirs.flatMap((candidate, index) =>
      isCopy(candidate) ? [{ path: `/${steps.join("/")}/${index}`, name: nameOf(candidate) }] : [],
    );
  });
  return [
    ...copies.map(({ path, name }) => ({ op: "test", path: `${path}/name`, value: name }) as const),
    // From the last one, as each removal shifts the items after it.
    ...copies.toReversed().map(({ path }) => ({ op: "remove", path }) as const),
  ];
}

/** Unlike `contains`, also if other field managers have added items to its lists, such as a variable of a container. */
function includesAll(whole: unknown, part: unknown): boolean {
  if (part === undefined) return true;
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((item) => whole.some((candidate) => includesAll(candidate, item)));
  }
  if (!isRecord(part)) return whole === part;
  return isRecord(whole) && Object.entries(part).every(([key, member]) => includesAll(whole[key], member));
}

function nameOf(item: unknown): unknown {
  return memberOf(item, "name");
}

function memberOf(node: unknown, name: string): unknown {
  return typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}
