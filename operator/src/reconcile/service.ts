/** One pass over one service: gather, effective, desired, plan, apply, status. A reader learns the order here. */
import { effectiveService } from "../effective/effective.ts";
import type { ObjectKey } from "../kube/object.ts";
import { gather } from "../observe/gather.ts";
import type { Failure } from "../plan/failure.ts";
import { planChild } from "../plan/plan.ts";
import type { Logger } from "../runtime/log.ts";
import type { Next } from "../runtime/workers.ts";
import { serviceStatus, stalledStatus } from "../status/service-status.ts";
import { desired } from "./desired.ts";
import { execute } from "./execute.ts";
import { logOutcomes } from "./log-outcomes.ts";
import { nextVisit } from "./next-visit.ts";
import { statusInput, worst } from "./status-input.ts";
import type { Pass } from "./pass.ts";
import { writeStatus } from "./write-status.ts";

export async function reconcileService(key: ObjectKey, pass: Pass, log: Logger): Promise<Next> {
  const snapshot = gather(pass.cache, key);
  if (snapshot === undefined) {
    pass.dcgm.gone(key);
    pass.utilization.gone(key);
    pass.deletionCosts.gone(key);
    return { kind: "done" };
  }
  const { service: stored } = snapshot;
  // Garbage collection takes the children, and one made anew would hold a foreground deletion up.
  if (stored.metadata.deletionTimestamp !== undefined) return { kind: "done" };
  const now = new Date(pass.clock.wall()).toISOString().replace(/\.\d+Z$/, "Z");

  const effective = effectiveService(stored, snapshot.profiles, pass.defaults);
  pass.dcgm.visited(key, effective.kind === "Effective" ? effective.service : undefined);
  if (effective.kind !== "Effective") {
    const status = stalledStatus(stored, { reason: effective.kind, message: effective.message }, now);
    return nextVisit(undefined, await writeStatus(stored, status, pass, log));
  }

  const { service } = effective;
  // Before the children: to write fewer replicas, or another bound, may be the scale-in itself.
  const { deletionCosts } = pass;
  await deletionCosts.write(key, deletionCosts.due(key, service, pass.utilization.read(key)), log);
  const { children, rollout } = desired(service, snapshot, pass);
  const held = pass.gate.enter(stored, rollout);
  const plan =
    held === undefined
      ? children.map((child) => planChild(service.owner, child, snapshot.live(child), snapshot.served(child.kind)))
      : [];
  const outcomes = await execute(plan, { ...pass, namespace: service.namespace, owner: service.owner });
  pass.gate.left(key);
  logOutcomes(outcomes, log);

  const failure: Failure | undefined = held ?? worst(outcomes);
  // Nothing is known but that we saw an old version; what the next look finds is worth a status.
  if (failure?.kind === "Conflict") return nextVisit(failure, undefined);
  const decided = held === undefined ? rollout : undefined;
  const seen = statusInput(service, key, { outcomes, failure, rollout: decided }, pass);
  const status = serviceStatus(stored, seen, now);
  pass.utilization.visited(key, service, stored.status, status);
  const written = await writeStatus(stored, status, pass, log);
  return nextVisit(failure, written ?? (await pass.testRollout(service, seen.deployment)));
}
