/** What of a new status is worth an event: only what changed, so that neither a restart nor a repeated visit makes one. */
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";

/** Becomes an event. */
export interface News {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

type Status = Pick<GpuMediaServiceStatus, "conditions"> | undefined;

export function eventsOf(before: Status, after: Status): readonly News[] {
  const was = (type: string): Condition | undefined => find(before, type);
  const is = (type: string): Condition | undefined => find(after, type);
  const events: News[] = [];
  const stalled = is("Stalled");
  if (stalled !== undefined && stalled.reason !== was("Stalled")?.reason) events.push(warning("Reconcile", stalled));
  const ready = is("Ready");
  if (ready?.status === "True" && was("Ready")?.status !== "True") {
    events.push({ type: "Normal", reason: ready.reason, action: "Reconcile", note: ready.message });
  }
  // Not while a rollout or a start is under way: that a service is not ready yet is no news.
  const trouble = ready?.status === "False" && stalled === undefined && ready.reason !== "Progressing";
  if (trouble && ready.reason !== was("Ready")?.reason) events.push(warning("Reconcile", ready));
  // The metrics of new pods are always missing at first: only an autoscaler that has worked and stops is news.
  const scaling = is("ScalingReady");
  if (scaling?.status === "False" && was("ScalingReady")?.status === "True") events.push(warning("Scale", scaling));
  return events;
}

function find(status: Status, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function warning(action: string, { reason, message }: Condition): News {
  return { type: "Warning", reason, action, note: message };
}
