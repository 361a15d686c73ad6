/**
 * Takes back what an apply alone cannot mend. The items of a list with keys are owned one by one, and whoever edits a key
 * of ours thereby has an item of his own. The apply that wants ours back puts it beside his:
 *
 * - A Service's port 80 that became 81: two ports called http, which the API server refuses, so that the edit would stay
 *   for ever. Such a list becomes ours as a whole, before the apply is sent again.
 * - A container that got another name: two of them in each pod, which compete for the port. The copy is removed.
 */
import type { ApiError } from "./errors.ts";
import type { JsonPatchOperation, KubeObject, Manifest, ManagedFieldsEntry } from "./object.ts";
import { contains, fieldManager } from "./ownership.ts";

interface ListReplacement {
  readonly op: "replace";
  readonly path: string;
  readonly value: unknown;
}

/** What has to be written before the apply is sent again; empty if the refusal has another reason. */
export function contestedLists(refused: ApiError, live: KubeObject, wanted: Manifest): readonly JsonPatchOperation[] {
  const duplicates = (refused.causes ?? []).filter(({ reason }) => reason === "FieldValueDuplicate");
  const lists = new Map<string, JsonPatchOperation>();
  for (const { field } of duplicates) {
    for (const list of innermostLists(stepsOf(field), live, wanted)) lists.set(list.path, list);
  }
  return lists.size === 0 ? [] : [sameVersion(live), ...lists.values()];
}

/** The list that was taken back is owned twice, by the patch and by the apply: what only the patch owns would never go. */
export function disownPatch(live: KubeObject): readonly JsonPatchOperation[] {
  const entries = live.metadata.managedFields ?? [];
  const index = entries.findIndex(isPatchOfOurs);
  return index === -1 ? [] : [sameVersion(live), { op: "remove", path: `/metadata/managedFields/${index}` }];
}

function isPatchOfOurs({ manager, operation, subresource = "" }: ManagedFieldsEntry): boolean {
  return manager === fieldManager && operation === "Update" && subresource === "";
}

/** With another version the server answers 409 instead: an index holds only for the version that we saw. */
function sameVersion({ metadata }: KubeObject): JsonPatchOperation {
  return { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion };
}

/** `spec.template.spec.containers[0].ports[1].name` is about the list `ports`: the steps to it. */
function stepsOf(field: string): readonly string[] {
  const steps = [...field.matchAll(/([^.[\]]+)/g)].map(([step]) => step);
  return steps.slice(0, Math.max(0, steps.findLastIndex(isIndex)));
}

function isIndex(step: string): boolean {
  return /^\d+$/.test(step);
}

/** Of which of our items, the indices do not tell: they count the items of the refused object, others' among them. */
function innermostLists(steps: readonly string[], live: unknown, wanted: unknown, path = ""): ListReplacement[] {
  const [step, ...rest] = steps;
  if (step === undefined) {
    return Array.isArray(live) && Array.isArray(wanted) ? [{ op: "replace", path, value: wanted }] : [];
  }
  if (!isIndex(step)) return innermostLists(rest, memberOf(live, step), memberOf(wanted, step), `${path}/${step}`);
  if (!Array.isArray(live) || !Array.isArray(wanted)) return [];
  return wanted.flatMap((item: unknown) => {
    const index = live.findIndex((candidate) => nameOf(candidate) === nameOf(item));
    return innermostLists(rest, live[index], item, `${path}/${index}`);
  });
}

/** Lists in which a renamed item of ours goes on working beside the one that was put back. */
const workingLists = [
  ["spec", "template", "spec", "containers"],
  ["spec", "groups"],
];

/** Removes the items that are ours but for their name. What somebody else has written has contents of its own. */
export function renamedCopies(live: KubeObject, wanted: Manifest): readonly JsonPatchOperation[] {
  const removals = workingLists.flatMap((steps) => {
    const [theirs, ours] = [steps.reduce(memberOf, live as unknown), steps.reduce(memberOf, wanted as unknown)];
    if (!Array.isArray(theirs) || !Array.isArray(ours)) return [];
    const isCopy = (candidate: unknown): boolean =>
      ours.every((item) => nameOf(item) !== nameOf(candidate)) &&
      ours.some((item) => contains(candidate, { ...(item as object), name: undefined }));
    const indices = theirs.flatMap((candidate, index) => (isCopy(candidate) ? [index] : []));
    // From the last one, as each removal moves those behind it.
    return indices.toReversed().map((index) => ({ op: "remove", path: `/${steps.join("/")}/${index}` }) as const);
  });
  return removals.length === 0 ? [] : [sameVersion(live), ...removals];
}

function nameOf(item: unknown): unknown {
  return memberOf(item, "name");
}

function memberOf(node: unknown, name: string): unknown {
  return typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}
