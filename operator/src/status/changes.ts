/** What changes from one status of a service to the next: what is worth a write, and what is worth an event. */
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";

/**
 * The status without what changes whenever any pod of the cluster starts: the number of free GPUs. It is written
 * together with other changes: on its own, each pod would cost a write for every service.
 */
export function significant(status: GpuMediaServiceStatus | undefined): GpuMediaServiceStatus | undefined {
  if (status === undefined) return undefined;
  const { capacity: _capacity, ...rest } = status;
  return {
    ...rest,
    conditions: (status.conditions ?? []).map((condition) =>
      condition.type === "GpuCapacity" && condition.status === "True" ? { ...condition, message: "" } : condition,
    ),
  };
}

export interface StatusEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: "Reconcile" | "Scale" | "LoadTest";
  readonly note: string;
}

type Status =
  | Pick<GpuMediaServiceStatus, "conditions" | "replicas" | "rollout" | "admission" | "omittedFields">
  | undefined;

/** Only for changes: neither a restart of the operator nor a repeated reconcile causes an event. */
export function statusEvents(before: Status, after: Status): readonly StatusEvent[] {
  const events: StatusEvent[] = [];
  const stalled = find(after, "Stalled");
  if (stalled !== undefined && stalled.reason !== find(before, "Stalled")?.reason) {
    events.push(warning("Reconcile", stalled));
  }
  const [wasReady, ready] = [find(before, "Ready"), find(after, "Ready")];
  if (ready?.reason === "Degraded" && ready.reason !== wasReady?.reason) events.push(warning("Reconcile", ready));
  else if (ready?.status === "True" && wasReady?.status !== "True") {
    events.push({ type: "Normal", reason: ready.reason, action: "Reconcile", note: ready.message });
  }
  // Not during a rollout or the first start, when a service is expected not to be ready.
  const trouble = ready?.status === "False" && stalled === undefined && ready.reason !== "Progressing";
  if (trouble && ready.reason !== wasReady?.reason) {
    // A node that comes is what was asked for.
    const type = ready.reason === "WaitingForNode" ? "Normal" : "Warning";
    events.push({ ...warning("Reconcile", ready), type });
  }
  const scaling = find(after, "ScalingReady");
  if (scaling !== undefined && scalingFails(find(before, "ScalingReady"), scaling)) {
    events.push(warning("Scale", scaling));
  }
  const exposed = find(after, "Exposed");
  if (exposed?.status === "False" && exposed.reason !== find(before, "Exposed")?.reason) {
    events.push(warning("Reconcile", exposed));
  }
  if (switchesInPlace(before, after)) {
    const note = after?.rollout?.message ?? "";
    events.push({ type: "Warning", reason: "SwitchedToInPlace", action: "Reconcile", note });
  }
  const known = new Set((before?.admission ?? []).map(({ child, stored }) => `${child} ${stored}`));
  for (const { child, stored, fields = [] } of after?.admission ?? []) {
    if (known.has(`${child} ${stored}`)) continue;
    const note = `admission changed ${child}, which is kept: ${fields.join("; ") || "its fields are in another order"}`;
    events.push({ type: "Normal", reason: "ChangedAtAdmission", action: "Reconcile", note });
  }
  const omitted = new Set((before?.omittedFields ?? []).map(({ child }) => child));
  for (const { child, fields } of after?.omittedFields ?? []) {
    if (omitted.has(child)) continue;
    const note = `the CRD of this cluster is older than the operator: ${child} is created without ${fields.join(", ")}`;
    events.push({ type: "Normal", reason: "FieldsOmitted", action: "Reconcile", note });
  }
  return events;
}

/** A rollout that began as a surge continues in place: capacity is lower than planned until it is done. */
function switchesInPlace(before: Status, after: Status): boolean {
  const [was, is] = [before?.rollout, after?.rollout];
  const { updated = 0, desired = 0 } = after?.replicas ?? {};
  return (
    was?.strategy === "Surge" && is?.strategy === "InPlace" && was.templateHash === is.templateHash && updated < desired
  );
}

/** The metrics of new pods are always missing at first: that is an event only for an autoscaler that has worked. */
function scalingFails(before: Condition | undefined, { status, reason }: Condition): boolean {
  if (status !== "False") return false;
  return reason === "MetricsMissing" ? before?.status === "True" : reason !== before?.reason;
}

function find(status: Status, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function warning(action: StatusEvent["action"], { reason, message }: Condition): StatusEvent {
  return { type: "Warning", reason, action, note: message };
}
