/** Before a scale-in, sets the deletion cost of pods with open sessions; removes it afterwards. */
import { quantityValue } from "@gpumedia/api";
import { deletionCostAnnotation } from "../observe/names.ts";
import { liveMetricNames } from "../desired/gpu-metric.ts";
import { liveTargets } from "../desired/live-targets.ts";
import { heldReplicas } from "../desired/replicas.ts";
import type { EffectiveService } from "../effective/service.ts";
import { fieldManager } from "../kube/ownership.ts";
import { costChanges, scaleInNear, type CostChange } from "../plan/deletion-cost.ts";
import type { Logger } from "../runtime/log.ts";
import { gpuLoad } from "../utilization/aggregate.ts";
import { isPolled } from "../utilization/reading.ts";
import { serviceSharing } from "../utilization/scaling-metric.ts";
import type { ServiceMemory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import { annotatePod, type PodAnnotationContext } from "./pod-annotation.ts";
import type { Snapshot } from "./snapshot.ts";

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
  const { minReplicas, maxReplicas } = service.autoscaling.horizontal;
  const { conditions = [] } = (children.horizontalPodAutoscaler ?? kedaAutoscaler)?.status ?? {};
  return scaleInNear({
    replicas: children.deployment?.spec.replicas ?? 0,
    heldReplicas: heldReplicas(service),
    minReplicas,
    maxReplicas,
    loads: [...gpuShare(service, reports), ...sessionShare(service, reports)],
    stabilized: conditions.some(({ type, reason }) => type === "AbleToScale" && reason === "ScaleDownStabilized"),
  });
}

type Reports = DeletionCostInput["snapshot"]["reports"];

/** Of the autoscaler's target; empty: not known, or it does not scale on it. */
function gpuShare(service: EffectiveService, reports: Reports): readonly number[] {
  const { gpuUtilizationPercent } = service.autoscaling.horizontal;
  if (gpuUtilizationPercent === 0 || reports.figures === undefined) return [];
  const sharing = serviceSharing(service, { ...reports, warmingUp: false }, undefined);
  const percent = gpuLoad(reports.figures, sharing !== undefined);
  return percent === null ? [] : [percent / gpuUtilizationPercent];
}

function sessionShare(service: EffectiveService, { figures }: Reports): readonly number[] {
  const target = liveTargets(service).find(({ metric }) => metric === liveMetricNames.sessions)?.target;
  if (target === undefined || figures === undefined || figures.live === null) return [];
  return [figures.live.sessions / figures.pods / quantityValue(target)];
}

export async function writeDeletionCosts(
  changes: readonly CostChange[],
  { namespace }: Pick<EffectiveService, "namespace">,
  record: ServiceMemory,
  pass: PodAnnotationContext & Pick<Pass, "clock" | "settings">,
  log: Logger,
): Promise<void> {
  const now = pass.clock.now();
  const settledMs = settledReports * pass.settings.utilizationIntervalMs;
  for (const [uid, at] of record.costWrittenAt) if (now - at >= settledMs) record.costWrittenAt.delete(uid);
  for (const { uid } of changes) record.costWrittenAt.set(uid, now);
  const write = ({ name, uid, cost }: CostChange): Promise<void> =>
    annotatePod(
      {
        pod: { name, namespace, uid },
        name: deletionCostAnnotation,
        value: cost,
        fieldManager,
        otherwise: "a scale-in may close its sessions",
      },
      pass,
      log,
    );
  await Promise.all(changes.map(write));
}
