/** A load test after each rollout, against the last one that passed (guide, Staging: performance regression testing). */
import type { EffectiveService } from "../effective/service.ts";
import { ApiError } from "../kube/errors.ts";
import type { ApiClient } from "../kube/client.ts";
import { deleteExact } from "../kube/exact-writes.ts";
import type { KubeObject, Manifest, ResourceType } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { digest } from "../kube/digest.ts";
import { unlessEmpty } from "../desired/canonical.ts";
import { labels } from "../desired/child.ts";
import type { ChildView } from "../observe/child-view.ts";
import { loadTestType, type StoredLoadTest } from "./cache.ts";
import { isFinished } from "./status.ts";

const onRolloutLabel = "gpumedia.io/on-rollout";

/** Older ones are deleted; the one that the next is compared with stays. */
const keptTests = 5;
const maxNameLength = 52;

/** The load tests of one service, read at one moment. */
export interface LoadTestsOfService {
  /** Until then, a test that is missing here may exist. */
  readonly synced: boolean;
  readonly tests: readonly StoredLoadTest[];
  /** A test has the name of this rollout's test, for this service or another one. */
  readonly hasRolloutTest: boolean;
}

export interface RolloutTestContext {
  readonly client: Pick<ApiClient, "create" | "delete">;
  readonly snapshots: { written(type: ResourceType, object: KubeObject): void };
}

/** Does nothing during a rollout, and once its test exists. Returns the API server's error. */
export async function testRollout(
  service: EffectiveService,
  deployment: ChildView | undefined,
  loadTests: LoadTestsOfService,
  context: RolloutTestContext,
): Promise<{ readonly error: ApiError } | undefined> {
  if (!service.regression.onRollout || service.suspend || !loadTests.synced || loadTests.hasRolloutTest)
    return undefined;
  if (deployment === undefined || !isRolledOut(deployment)) return undefined;
  const earlier = loadTests.tests
    .filter(({ metadata }) => metadata.labels?.[onRolloutLabel] === service.name)
    .toSorted(newestFirst);
  const passed = earlier.find(({ status }) => status?.verdict === "Passed");
  const manifest = rolloutTest(service, rolloutTestName(service.name, deployment.revision), passed);
  try {
    await create(manifest, context);
    await deleteOld(earlier, context.client);
  } catch (error) {
    if (error instanceof ApiError) return { error };
    throw error;
  }
  return undefined;
}

async function create(manifest: Manifest, { client, snapshots }: RolloutTestContext): Promise<void> {
  try {
    snapshots.written(loadTestType, await client.create(loadTestType, manifest, { fieldManager }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
  }
}

function isRolledOut({ generation, revision, status }: ChildView): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  const isObserved = observedGeneration >= generation && revision > 0;
  return isObserved && replicas > 0 && updatedReplicas === replicas && readyReplicas === replicas;
}

/** One name for each rollout, so that its test cannot be created twice. */
export function rolloutTestName(service: string, revision: number): string {
  const suffix = `-r${revision}`;
  if (service.length + suffix.length <= maxNameLength) return `${service}${suffix}`;
  const mark = `-${digest(service)
    .replaceAll(/[^a-z0-9]/gi, "")
    .toLowerCase()
    .slice(0, 6)}${suffix}`;
  return `${service.slice(0, maxNameLength - mark.length)}${mark}`;
}

export function rolloutTest(
  service: EffectiveService,
  name: string,
  passed: Pick<StoredLoadTest, "metadata"> | undefined,
): Manifest {
  const { scenario, tolerancePercent, resources } = service.regression;
  const { apiVersion, kind, uid } = service.owner;
  const regression = passed === undefined ? {} : { regression: { against: passed.metadata.name, tolerancePercent } };
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaLoadTest",
    metadata: {
      name,
      namespace: service.namespace,
      labels: { ...labels(service), [onRolloutLabel]: service.name },
      ownerReferences: [{ apiVersion, kind, name: service.name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      serviceRef: { name: service.name },
      scenario,
      ...regression,
      ...unlessEmpty("resources", given(resources)),
    },
  } as Manifest;
}

function given({ requests, limits }: EffectiveService["regression"]["resources"]): object {
  return { ...unlessEmpty("requests", requests), ...unlessEmpty("limits", limits) };
}

async function deleteOld(newest: readonly StoredLoadTest[], client: RolloutTestContext["client"]): Promise<void> {
  const reference = newest.find(({ status }) => status?.verdict === "Passed");
  for (const old of newest.slice(keptTests)) {
    if (old !== reference && isFinished(old.status)) await deleteExact(client, loadTestType, old.metadata);
  }
}

function newestFirst(a: StoredLoadTest, b: StoredLoadTest): number {
  return b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp);
}
