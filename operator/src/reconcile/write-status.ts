/** The one exit of a pass: its status, written if it says something new, and the events of what changed. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { ApiError } from "../kube/errors.ts";
import { digest } from "../kube/digest.ts";
import { fieldManager } from "../kube/ownership.ts";
import { serviceType, type StoredService } from "../observe/cluster-cache.ts";
import { eventsOf } from "../status/changes.ts";
import type { Logger } from "../runtime/log.ts";
import { lasting } from "../status/lasting.ts";
import type { Pass } from "./pass.ts";

/** Why the status is not written yet; undefined when there is nothing to be tried again. */
export type Unwritten = { readonly error: ApiError } | { readonly heldMs: number } | undefined;

export async function writeStatus(
  service: StoredService,
  status: GpuMediaServiceStatus,
  { client, cache, events, progress }: Pass,
  log: Logger,
): Promise<Unwritten> {
  if (digest(lasting(service.status)) === digest(lasting(status))) return undefined;
  const { namespace = "", name, uid } = service.metadata;
  const heldMs = progress.heldMs(uid, service.status, status);
  if (heldMs > 0) return { heldMs };
  // With the UID, so that a service that was deleted and made again in the meantime is not told of its predecessor.
  const operations = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "add", path: "/status", value: status },
  ] as const;
  try {
    const options = { fieldManager, subresource: "status" } as const;
    cache.services.observeWrite(await client.jsonPatch(serviceType, namespace, name, operations, options));
    progress.wrote(uid);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 || isOfNamesake(error)) return undefined;
    if (error.status !== 422) {
      log.warn({ error }, "could not write the status, trying again");
      return { error };
    }
    // A spec that was stored before the schema forbade it can make the API server refuse every write of the object, its
    // status included. To try again would be in vain until somebody edits it: that there is trouble, an event tells.
    log.error({ error }, "the API server refuses the status: the stored object breaks its schema");
  }
  for (const event of eventsOf(service.status, status)) events.record(service, event);
  return undefined;
}

/** Our test of the UID has failed, which is no finding of a validation: it comes without causes. */
function isOfNamesake({ status, causes = [] }: ApiError): boolean {
  return status === 422 && causes.length === 0;
}
