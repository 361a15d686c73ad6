/** The life of one GpuMediaService, from the snapshot to its status. */
import { childText } from "../desired/children.ts";
import { unsupportedField } from "../desired/later-fields.ts";
import { unsupportedBehavior } from "../desired/scaling-behavior.ts";
import { unsupportedVolume } from "../desired/volumes.ts";
import { effectiveService } from "../effective/effective.ts";
import { digest } from "../kube/digest.ts";
import type { ObjectKey } from "../kube/object.ts";
import { testRollout } from "../loadtest/rollout-test.ts";
import { timestamp } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { Next } from "../runtime/workers.ts";
import { serviceStatus, stalledStatus } from "../status/service-status.ts";
import { admissionsOf, admissionStatus, nextAdmissions } from "./admissions.ts";
import { dueDeletionCosts, writeDeletionCosts } from "./deletion-costs.ts";
import { desired, planChildren } from "./desired.ts";
import { dueDisruptions, writeDisruptions } from "./disruption.ts";
import { execute, wishOf, type ChildOutcome } from "./execute.ts";
import { logOutcomes } from "./log-outcomes.ts";
import type { Pass } from "./pass.ts";
import { requeue } from "./requeue.ts";
import { enterGate, leaveGate } from "./rollout-gate.ts";
import { sharedRulesOf, statusInput, utilizationReading, worst } from "./status-input.ts";
import { liveChild } from "./snapshot.ts";
import { writeStatus } from "./write-status.ts";

export async function reconcileService(key: ObjectKey, pass: Pass, log: Logger): Promise<Next> {
  const { snapshots, memory, settings, clock } = pass;
  const snapshot = snapshots.gather(key);
  if (snapshot === undefined) {
    memory.forget(key);
    return { kind: "done" };
  }
  const { stored } = snapshot;
  // Garbage collection deletes the children; one that was created now would block a foreground deletion.
  if (stored.metadata.deletionTimestamp !== undefined) return { kind: "done" };
  const record = memory.of(key, stored.metadata.uid);
  const time = timestamp(clock.wall());

  const effective = effectiveService(stored, snapshot.profiles, settings);
  if (effective.kind !== "Effective") {
    const status = stalledStatus(stored, { reason: effective.kind, message: effective.message }, time);
    return requeue(undefined, await writeStatus(stored, status, record, pass, log));
  }
  const { service } = effective;
  record.exportsTargetsSince =
    snapshot.exportTargets === true ? (record.exportsTargetsSince ?? clock.now()) : undefined;
  const readingBefore = utilizationReading(snapshot, record, memory, clock.now());
  const times = { now: clock.wall(), monotonic: clock.now() };
  const { children, gpus, allocation, rollout, recheckMs, lacksShared } = desired(
    service,
    snapshot,
    record,
    readingBefore,
    settings,
    times,
  );
  const unsupported =
    unsupportedBehavior(service, snapshot.features) ??
    unsupportedVolume(service, snapshot.features) ??
    unsupportedField(children) ??
    allocation?.problem;
  if (unsupported !== undefined) {
    const status = stalledStatus(stored, { reason: "InvalidSpec", message: unsupported }, time);
    return requeue(undefined, await writeStatus(stored, status, record, pass, log));
  }
  memory.keep(record, service);
  // What is edited while the service is suspended stays until it is resumed: no mistake to report.
  if (service.suspend) record.settled.clear();
  record.admissions ??= admissionsOf(stored.status ?? {});
  if (lacksShared) memory.requestShared();

  const queued = enterGate(snapshot, rollout, memory, settings.maxRollouts);
  let outcomes: readonly ChildOutcome[];
  try {
    // Before the children, as fewer replicas or other bounds may be the scale-in itself.
    const costs = { service, snapshot, record, now: clock.now(), intervalMs: settings.utilizationIntervalMs };
    await writeDeletionCosts(dueDeletionCosts(costs), service, record, pass, log);
    await writeDisruptions(dueDisruptions(costs), service, pass, log);
    const plan = queued === undefined ? planChildren(service, children, snapshot, record) : [];
    const { namespace, owner } = service;
    outcomes = await execute(plan, { ...pass, record, namespace, owner });
  } finally {
    leaveGate(record);
  }
  logOutcomes(outcomes, log);

  for (const { repaired: note } of outcomes) {
    if (note !== undefined)
      pass.events.record(stored, { type: "Normal", reason: "Repaired", action: "Reconcile", note });
  }
  for (const { child, did, failure: failed } of outcomes) {
    // A child that is left out does not exist: its creation later repairs nothing.
    if (did === "skip") record.settled.delete(childText(child));
    else if (failed === undefined) record.settled.set(childText(child), wishOf(child));
  }
  const failure = queued ?? worst(outcomes);
  // The plan was made from an old version: only the next snapshot can give a correct status.
  if (failure?.kind === "Conflict") return requeue(failure, undefined);
  record.admissions = nextAdmissions(record.admissions, outcomes);
  const after = snapshots.refresh(snapshot);
  for (const { child, failure: failed } of outcomes) {
    if (failed !== undefined || liveChild(after, child) !== undefined) record.liveChildren.add(childText(child));
    else record.liveChildren.delete(childText(child));
    // The names of templates do not come back: without this, each change of a claim would leave an entry.
    if (child.role === "resourceClaimTemplate" && child.manifest === null) record.settled.delete(childText(child));
  }
  const reading = utilizationReading(after, record, memory, clock.now());
  record.reportedLost = reading.warmingUp && reading.lost.length === 0 ? undefined : digest(reading.lost);
  const sharedRules = sharedRulesOf(service, after, memory, settings.operatorNamespace);
  const admission = admissionStatus(record.admissions);
  const result = {
    outcomes,
    failure,
    reading,
    sharedRules,
    rollout: queued === undefined ? rollout : undefined,
    gpus,
    allocation,
    admission,
    children,
  };
  const status = serviceStatus(stored, statusInput(service, after, result), time);
  const unwritten = await writeStatus(stored, status, record, pass, log);
  const untested = unwritten ?? (await testRollout(service, after.children.deployment, after.loadTests, pass));
  return requeue(failure, untested, recheckMs);
}
