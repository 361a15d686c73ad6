/** Writes to the object with one UID: an object of the same name that was created since then is not changed. */
import type { ApiClient } from "./client.ts";
import { ApiError } from "./errors.ts";
import type { KubeObject, ObjectMeta, ResourceType } from "./object.ts";
import { fieldManager } from "./ownership.ts";

type Identity = Pick<ObjectMeta, "namespace" | "name" | "uid">;

/** Also resolves if the object was already deleted or replaced. */
export async function deleteExact(
  client: Pick<ApiClient, "delete">,
  type: ResourceType,
  { namespace = "", name, uid }: Identity,
): Promise<void> {
  try {
    await client.delete(type, namespace, name, { uid, propagationPolicy: "Background" });
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}

/** Fails with 422 if the object was replaced, which would get the status of its predecessor. */
export async function replaceStatus(
  client: Pick<ApiClient, "jsonPatch">,
  type: ResourceType,
  { namespace = "", name, uid }: Identity,
  status: object,
): Promise<KubeObject> {
  const operations = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "add", path: "/status", value: status },
  ] as const;
  return client.jsonPatch(type, namespace, name, operations, { fieldManager, subresource: "status" });
}
