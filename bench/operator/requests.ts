/** A user's requests to the API server, counted in the audit log. */
import { writeVerbs, type AuditEvent } from "@gpumedia/e2e/cluster/audit.ts";
import type { Cluster } from "@gpumedia/e2e/cluster/cluster.ts";

/** Completed requests for objects since a time (milliseconds since 1970), without those for Leases and without watches. */
export function requestsOf(cluster: Cluster, user: string, since: number): readonly AuditEvent[] {
  return cluster.audit
    .requests({ user, since })
    .filter(({ stage, verb, objectRef }) => stage === "ResponseComplete" && verb !== "watch" && objectRef !== undefined)
    .filter(({ objectRef }) => objectRef?.resource !== "leases");
}

export function writes(events: readonly AuditEvent[]): readonly AuditEvent[] {
  return events.filter(({ verb }) => (writeVerbs as readonly string[]).includes(verb));
}

/** Successful creations, except of events. */
export function creations(events: readonly AuditEvent[]): readonly AuditEvent[] {
  return events.filter(
    ({ verb, objectRef, responseStatus }) =>
      verb === "create" && objectRef?.resource !== "events" && responseStatus?.code === 201,
  );
}

/** Time of the last response, in milliseconds since 1970. */
export function lastAnswer(events: readonly AuditEvent[]): number {
  return Math.max(...events.map(({ stageTimestamp }) => Date.parse(stageTimestamp)));
}

/** `12 create events, 8 patch gpumediaservices/status`, the most frequent first. */
export function breakdown(events: readonly AuditEvent[]): string {
  const counts = new Map<string, number>();
  for (const { verb, objectRef, responseStatus } of events) {
    const { resource = "", subresource } = objectRef ?? {};
    const code = (responseStatus?.code ?? 0) < 300 ? "" : ` (${responseStatus?.code})`;
    const what = `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}${code}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([what, count]) => `${count} ${what}`).join(", ");
}
