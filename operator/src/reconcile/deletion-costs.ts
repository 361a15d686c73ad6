/** Before a scale-in, sets the deletion cost of pods with open sessions; removes it afterwards. */
import { deletionCostAnnotation } from "../observe/names.ts";
import { heldReplicas } from "../desired/replicas.ts";
import type { EffectiveService } from "../effective/service.ts";
import { ApiError } from "../kube/errors.ts";
import { fieldManager } from "../kube/ownership.ts";
import { podType } from "../observe/cluster-cache.ts";
import { costChanges, scaleInNear, type CostChange } from "../plan/deletion-cost.ts";
import type { Logger } from "../runtime/log.ts";
import { gpuLoad } from "../utilization/aggregate.ts";
import { isPolled } from "../utilization/reading.ts";
import { serviceSharing } from "../utilization/scaling-metric.ts";
import type { ServiceMemory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import type { Snapshot, SnapshotSource } from "./snapshot.ts";

/** For how many reports a scale-in stays near after its last sign, and a written cost stays unchanged. */
const settledReports = 4;

export interface DeletionCostInput {
  readonly service: EffectiveService;
  readonly snapshot: Pick<Snapshot, "children" | "kedaAutoscaler" | "pods" | "reports" | "sessions">;
  /** Remembers the sign of a scale-in. */
  readonly record: ServiceMemory;
  /** On the monotonic clock. */
  readonly now: number;
  readonly intervalMs: number;
}

/** The costs that must change now. */
export function dueDeletionCosts(input: DeletionCostInput): readonly CostChange[] {
  const { service, snapshot, record, now, intervalMs } = input;
  if (service.suspend) return [];
  const settledMs = settledReports * intervalMs;
  if (showsScaleIn(service, snapshot)) record.scaleInNearAt = now;
  // The signs change with each decision of the autoscaler: a cost that followed them would be written each time.
  const near = now - (record.scaleInNearAt ?? -Infinity) < settledMs;
  const counted = snapshot.pods
    .filter(isPolled)
    .map(({ name, uid, deletionCost }) => ({ name, uid, deletionCost, sessions: snapshot.sessions.get(uid) }));
  return costChanges(near, counted).filter(
    ({ uid }) => now - (record.costWrittenAt.get(uid) ?? -Infinity) >= settledMs,
  );
}

function showsScaleIn(service: EffectiveService, snapshot: DeletionCostInput["snapshot"]): boolean {
  const { children, kedaAutoscaler, reports } = snapshot;
  const { minReplicas, maxReplicas, gpuUtilizationPercent } = service.autoscaling.horizontal;
  const { conditions = [] } = (children.horizontalPodAutoscaler ?? kedaAutoscaler)?.status ?? {};
  const sharing = serviceSharing(service, { ...reports, warmingUp: false }, undefined);
  return scaleInNear({
    replicas: children.deployment?.spec.replicas ?? 0,
    heldReplicas: heldReplicas(service),
    minReplicas,
    maxReplicas,
    gpuTargetPercent: gpuUtilizationPercent,
    gpuPercent: reports.figures === undefined ? null : gpuLoad(reports.figures, sharing !== undefined),
    stabilized: conditions.some(({ type, reason }) => type === "AbleToScale" && reason === "ScaleDownStabilized"),
  });
}

interface WriteContext extends Pick<Pass, "client"> {
  readonly snapshots: Pick<SnapshotSource, "written">;
}

/** Never fails: a scale-in that closes one session too many is no reason to stop a reconcile. */
export async function writeDeletionCosts(
  changes: readonly CostChange[],
  { namespace }: Pick<EffectiveService, "namespace">,
  record: ServiceMemory,
  pass: WriteContext & Pick<Pass, "clock" | "settings">,
  log: Logger,
): Promise<void> {
  const now = pass.clock.now();
  const settledMs = settledReports * pass.settings.utilizationIntervalMs;
  for (const [uid, at] of record.costWrittenAt) if (now - at >= settledMs) record.costWrittenAt.delete(uid);
  for (const { uid } of changes) record.costWrittenAt.set(uid, now);
  await Promise.all(changes.map((change) => writeCost(change, namespace, pass, log)));
}

async function writeCost(
  { name, uid, cost }: CostChange,
  namespace: string,
  { client, snapshots }: WriteContext,
  log: Logger,
): Promise<void> {
  // An apply without a field that only this operator owns removes the field.
  const annotations = cost === undefined ? {} : { annotations: { [deletionCostAnnotation]: cost } };
  const manifest = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, uid, ...annotations } };
  try {
    // Without force: a cost that another field manager has set meanwhile stays.
    snapshots.written(podType, await client.apply(podType, manifest, { fieldManager, force: false }));
    log.debug({ pod: name, cost }, "set the pod's deletion cost");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 || error.status === 409) return;
    log.warn({ error, pod: name }, "could not set the pod's deletion cost; a scale-in may close its sessions");
  }
}
