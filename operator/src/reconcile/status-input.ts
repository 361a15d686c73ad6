/** What the status of a service is read from, once its children have been seen to. */
import type { EffectiveService } from "../effective/service.ts";
import type { ObjectKey } from "../kube/object.ts";
import { childName } from "../observe/child-kinds.ts";
import { podsOf } from "../observe/gather.ts";
import { lastLoadTest } from "../loadtest/last-test.ts";
import { gpuView } from "../plan/gpus.ts";
import type { Failure } from "../plan/failure.ts";
import type { StatusInput } from "../status/status-input.ts";
import { dcgmTaken } from "./dcgm.ts";
import type { ChildOutcome } from "./execute.ts";
import type { Pass } from "./pass.ts";

export interface PassResult extends Pick<StatusInput, "failure" | "rollout"> {
  readonly outcomes: readonly ChildOutcome[];
}

export function statusInput(
  service: EffectiveService,
  key: ObjectKey,
  { outcomes, failure, rollout }: PassResult,
  { cache, surroundings, utilization, loadTests }: Pass,
): StatusInput {
  const byKeda = service.autoscaling.horizontal.provider === "KEDA";
  return {
    service,
    rollout,
    failure,
    skipped: new Set(outcomes.filter(({ did }) => did === "skip").map(({ child }) => child.role)),
    dcgmTaken: dcgmTaken(cache, surroundings().operatorNamespace),
    // Read anew: our own writes are in the store by now.
    deployment: cache.childOf("deployment", key),
    autoscaler: cache.childOf(byKeda ? "scaledObject" : "horizontalPodAutoscaler", key),
    verticalAutoscaler: cache.childOf("verticalPodAutoscaler", childName("verticalPodAutoscaler", key)),
    pods: podsOf(cache, key),
    gpus: gpuView(service, cache.gpuSnapshot()),
    lastLoadTest: lastLoadTest(loadTests.ofService(key)),
    reading: utilization.read(key),
  };
}

/** What a user has to know first: what stops everything, then what waits, then what is tried again anyway. */
const severity: readonly Failure["kind"][] = ["Stalled", "Waiting", "Transient", "Conflict"];

export function worst(outcomes: readonly ChildOutcome[]): Failure | undefined {
  const failures = outcomes.map(({ failure }) => failure).filter((failure) => failure !== undefined);
  return failures.toSorted((a, b) => severity.indexOf(a.kind) - severity.indexOf(b.kind))[0];
}
