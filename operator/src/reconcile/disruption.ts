/** Keeps Karpenter from disrupting pods that load a model or have sessions, on the nodes that it manages. */
import type { EffectiveService } from "../effective/service.ts";
import { doNotDisruptAnnotation } from "../neighbours/karpenter.ts";
import { disruptionManager } from "../observe/names.ts";
import type { PodView } from "../observe/pod-view.ts";
import { disruptionChanges, type DisruptionChange } from "../plan/disruption.ts";
import type { Logger } from "../runtime/log.ts";
import { podTrouble } from "../status/pod-trouble.ts";
import type { ServiceMemory } from "./memory.ts";
import { annotatePod, type PodAnnotationContext } from "./pod-annotation.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * For how many reports a pod stays protected. Sessions that come and go must not be two writes each, and neither a new leader
 * nor a pod that misses a report has its sessions unprotected.
 */
const settledReports = 4;

export interface DisruptionInput {
  readonly service: Pick<EffectiveService, "suspend">;
  readonly snapshot: Pick<Snapshot, "pods" | "sessions" | "karpenterPods">;
  /** Remembers when each pod last had a reason. */
  readonly record: Pick<ServiceMemory, "disruptionNeededAt">;
  /** On the monotonic clock. */
  readonly now: number;
  readonly intervalMs: number;
}

/** The annotations that must change now. */
export function dueDisruptions(input: DisruptionInput): readonly DisruptionChange[] {
  const { service, snapshot, record, now, intervalMs } = input;
  if (service.suspend) return [];
  const pods = snapshot.pods.filter(({ uid, terminating }) => !terminating && snapshot.karpenterPods.has(uid));
  remember(pods, input);
  const isNeeded = ({ uid }: PodView): boolean =>
    now - (record.disruptionNeededAt.get(uid) ?? -Infinity) < settledReports * intervalMs;
  return disruptionChanges(pods.map((pod) => ({ ...pod, needed: isNeeded(pod) })));
}

function remember(pods: readonly PodView[], { snapshot, record, now }: DisruptionInput): void {
  const neededAt = record.disruptionNeededAt;
  for (const uid of neededAt.keys()) if (!pods.some((pod) => pod.uid === uid)) neededAt.delete(uid);
  for (const pod of pods) {
    const { uid, doNotDisrupt } = pod;
    const hasReason = podTrouble(pod)?.reason === "Starting" || (snapshot.sessions.get(uid) ?? 0) > 0;
    // A predecessor has set the annotation: what it knew is not known here yet.
    const isInherited = doNotDisrupt?.ours === true && !neededAt.has(uid);
    if (hasReason || isInherited) neededAt.set(uid, now);
  }
}

export async function writeDisruptions(
  changes: readonly DisruptionChange[],
  { namespace }: Pick<EffectiveService, "namespace">,
  pass: PodAnnotationContext,
  log: Logger,
): Promise<void> {
  const write = ({ name, uid, protect }: DisruptionChange): Promise<void> =>
    annotatePod(
      {
        pod: { name, namespace, uid },
        name: doNotDisruptAnnotation,
        value: protect ? "true" : undefined,
        fieldManager: disruptionManager,
        otherwise: "Karpenter may disrupt its model load and sessions",
      },
      pass,
      log,
    );
  await Promise.all(changes.map(write));
}
