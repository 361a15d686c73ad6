/** Holds back statuses that only count further, so that a rollout of ten pods is a few writes and not ten. Pure. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { digest } from "../kube/digest.ts";
import { significant } from "../status/changes.ts";
import type { ServiceMemory } from "./memory.ts";

const everyMs = 2_000;

/** How long the write of `after` has to wait, in ms: 0 when more than counts and messages differ, or the last write is old enough. */
export function statusHeldMs(
  { statusWrittenAt }: Pick<ServiceMemory, "statusWrittenAt">,
  before: GpuMediaServiceStatus | undefined,
  after: GpuMediaServiceStatus,
  now: number,
): number {
  if (statusWrittenAt === undefined) return 0;
  const left = statusWrittenAt + everyMs - now;
  return left > 0 && digest(verdicts(before)) === digest(verdicts(after)) ? left : 0;
}

/** A status without what changes while pods come and go: their number, the messages that contain it, and their figures. */
function verdicts(status: GpuMediaServiceStatus | undefined): unknown {
  const {
    replicas: _counts,
    summary: _shown,
    utilization: _figures,
    conditions = [],
    ...rest
  } = significant(status) ?? {};
  return { ...rest, conditions: conditions.map(({ message: _message, ...condition }) => condition) };
}
