/** One pass over one service: gather, effective, desired, plan, apply, status. A reader learns the order here. */
import { effectiveService } from "../effective/effective.ts";
import type { ObjectKey } from "../kube/object.ts";
import { gather } from "../observe/gather.ts";
import { planChild } from "../plan/plan.ts";
import type { Logger } from "../runtime/log.ts";
import type { Next } from "../runtime/workers.ts";
import { serviceStatus, stalledStatus } from "../status/service-status.ts";
import { desired } from "./desired.ts";
import { execute } from "./execute.ts";
import { logOutcomes } from "./log-outcomes.ts";
import { nextVisit } from "./next-visit.ts";
import { observation } from "./observation.ts";
import type { Pass } from "./pass.ts";
import { writeStatus } from "./write-status.ts";

export async function reconcileService(key: ObjectKey, pass: Pass, log: Logger): Promise<Next> {
  const observed = gather(pass.world, key);
  // Gone, or going: garbage collection takes the children, and one made anew would hold a foreground deletion up.
  if (observed === undefined || observed.service.metadata.deletionTimestamp !== undefined) return { kind: "done" };
  const { service: stored } = observed;
  const now = new Date(pass.clock.wall()).toISOString().replace(/\.\d+Z$/, "Z");

  const effective = effectiveService(stored, observed.profiles, pass.defaults);
  if (effective.kind !== "Effective") {
    const status = stalledStatus(stored, { reason: effective.kind, message: effective.message }, now);
    return nextVisit(undefined, await writeStatus(stored, status, pass));
  }

  const { service } = effective;
  const { children, rollout } = desired(service, observed, pass);
  const plan = children.map((child) =>
    planChild(service.owner, child, observed.live(child), observed.served(child.kind)),
  );
  const outcomes = await execute(plan, { ...pass, namespace: service.namespace, owner: service.owner });
  logOutcomes(outcomes, log);

  const seen = observation(service, key, outcomes, rollout, pass.world);
  const status = serviceStatus(stored, seen, now);
  return nextVisit(seen.failure, await writeStatus(stored, status, pass));
}
