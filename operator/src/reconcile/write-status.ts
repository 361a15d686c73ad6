/** The one exit of a pass: its status, written if it says something new, and the events of what changed. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { ApiError } from "../kube/errors.ts";
import { digest } from "../kube/digest.ts";
import { fieldManager } from "../kube/ownership.ts";
import { serviceType, type StoredService } from "../observe/world.ts";
import { eventsOf } from "../status/changes.ts";
import { lasting } from "../status/lasting.ts";
import type { Pass } from "./pass.ts";

/** Undefined when all went well. */
export async function writeStatus(
  service: StoredService,
  status: GpuMediaServiceStatus,
  { client, world, events }: Pass,
): Promise<ApiError | undefined> {
  if (digest(lasting(service.status)) === digest(lasting(status))) return undefined;
  const { namespace = "", name, uid } = service.metadata;
  // With the UID, so that a service that was deleted and made again in the meantime is not told of its predecessor.
  const operations = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "add", path: "/status", value: status },
  ] as const;
  try {
    const options = { fieldManager, subresource: "status" } as const;
    world.services.observeWrite(await client.jsonPatch(serviceType, namespace, name, operations, options));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 404 ? undefined : error;
  }
  for (const event of eventsOf(service.status, status)) events.record(service, event);
  return undefined;
}
