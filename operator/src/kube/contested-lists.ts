/**
 * Takes back a list that an apply cannot mend.
 *
 * The items of a list with keys are owned one by one. Whoever edits a key of ours, a Service's port 80 to 81, thereby has
 * an item of his own, and the apply that wants ours back puts it beside his: two ports called http, which the API server
 * refuses, so that the edit would stay for ever. Such a list becomes ours as a whole, before the apply is sent again.
 */
import type { ApiError } from "./errors.ts";
import type { JsonPatchOperation, KubeObject, Manifest, ManagedFieldsEntry } from "./object.ts";
import { fieldManager } from "./ownership.ts";

/** What has to be written before the apply is sent again; empty if the refusal has another reason. */
export function contestedLists(refused: ApiError, live: KubeObject, wanted: Manifest): readonly JsonPatchOperation[] {
  const duplicates = (refused.causes ?? []).filter(({ reason }) => reason === "FieldValueDuplicate");
  const lists = new Map<string, JsonPatchOperation>();
  for (const { field } of duplicates) {
    const list = innermostList(field, live, wanted);
    if (list !== undefined) lists.set(list.path, list);
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

/** `spec.template.spec.containers[0].ports[1].name` is about the list `ports`. */
function innermostList(field: string, live: unknown, wanted: unknown): JsonPatchOperation | undefined {
  const steps = [...field.matchAll(/([^.[\]]+)/g)].map(([step]) => step);
  const last = steps.findLastIndex((step) => /^\d+$/.test(step));
  let path = "";
  let [theirs, ours] = [live, wanted];
  for (const step of steps.slice(0, last)) {
    if (Array.isArray(theirs) && Array.isArray(ours)) {
      const item: unknown = ours[Number(step)];
      const index = theirs.findIndex((candidate) => nameOf(candidate) === nameOf(item));
      [theirs, ours] = [theirs[index], item];
      path += `/${index}`;
    } else {
      [theirs, ours] = [memberOf(theirs, step), memberOf(ours, step)];
      path += `/${step}`;
    }
  }
  return Array.isArray(theirs) && Array.isArray(ours) ? { op: "replace", path, value: ours } : undefined;
}

function nameOf(item: unknown): unknown {
  return memberOf(item, "name");
}

function memberOf(node: unknown, name: string): unknown {
  return typeof node === "object" && node !== null ? (node as Record<string, unknown>)[name] : undefined;
}
