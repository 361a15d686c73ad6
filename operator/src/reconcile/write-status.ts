/** Writes the status of a service where it differs, and records the events of what changed. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { ApiError } from "../kube/errors.ts";
import { digest } from "../kube/digest.ts";
import { replaceStatus } from "../kube/exact-writes.ts";
import { serviceType, type StoredService } from "../observe/cluster-cache.ts";
import type { Logger } from "../runtime/log.ts";
import { significant, statusEvents } from "../status/changes.ts";
import type { ServiceMemory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import { statusHeldMs } from "./progress-pace.ts";

/** Why a write at the end of a reconcile must be repeated; undefined when it must not. */
export type Unwritten = { readonly error: ApiError } | { readonly heldMs: number } | undefined;

export async function writeStatus(
  service: StoredService,
  status: GpuMediaServiceStatus,
  record: ServiceMemory,
  { client, clock, snapshots, events }: Pick<Pass, "client" | "clock" | "snapshots" | "events">,
  log: Logger,
): Promise<Unwritten> {
  if (digest(significant(service.status)) === digest(significant(status))) return undefined;
  const heldMs = statusHeldMs(record, service.status, status, clock.now());
  if (heldMs > 0) return { heldMs };
  try {
    snapshots.written(serviceType, await replaceStatus(client, serviceType, service.metadata, status));
    record.statusWrittenAt = clock.now();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 || isOfNamesake(error)) return undefined;
    if (error.status !== 422) {
      log.warn({ error }, "could not write the status, retrying");
      return { error };
    }
    // A spec that was stored before the schema forbade it can make the API server reject every write of the object, its
    // status included. Retrying cannot succeed until the spec changes; the event tells the user.
    log.error({ error }, "the API server rejects the status: the stored object violates its schema");
  }
  if (figuresDiffer(service.status, status)) record.figuresWrittenAt = clock.now();
  for (const event of statusEvents(service.status, status)) events.record(service, event);
  return undefined;
}

/** The test of the UID has failed: unlike a validation error, this one comes without causes. */
function isOfNamesake({ status, causes = [] }: ApiError): boolean {
  return status === 422 && causes.length === 0;
}

function figuresDiffer(before: GpuMediaServiceStatus | undefined, after: GpuMediaServiceStatus): boolean {
  return digest(before?.utilization) !== digest(after.utilization) || before?.bottleneck !== after.bottleneck;
}
