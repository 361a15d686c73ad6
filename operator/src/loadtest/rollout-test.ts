/** A load test after each rollout, against the last one that passed (guide, Staging: performance regression testing). */
import type { EffectiveService } from "../effective/service.ts";
import { ApiError } from "../kube/errors.ts";
import type { ApiClient } from "../kube/client.ts";
import type { Manifest, ObjectKey } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { digest } from "../kube/digest.ts";
import { labels } from "../desired/child.ts";
import type { ChildView } from "../observe/child-view.ts";
import { loadTestType, type LoadTestCache, type StoredLoadTest } from "./cache.ts";
import { isFinished } from "./status.ts";

const onRolloutLabel = "gpumedia.io/on-rollout";

/** Older ones are deleted; the one that the next is compared with stays. */
const kept = 5;
const longestName = 52;

export interface RolloutTestContext {
  readonly client: Pick<ApiClient, "create" | "delete">;
  readonly loadTests: LoadTestCache;
}

/** Does nothing while a rollout is under way, and once its test is there. Answers what the API server has against it. */
export async function testRollout(
  service: EffectiveService,
  deployment: ChildView | undefined,
  context: RolloutTestContext,
): Promise<{ readonly error: ApiError } | undefined> {
  try {
    await test(service, deployment, context);
  } catch (error) {
    if (error instanceof ApiError) return { error };
    throw error;
  }
  return undefined;
}

async function test(
  service: EffectiveService,
  deployment: ChildView | undefined,
  { client, loadTests }: RolloutTestContext,
): Promise<void> {
  if (!service.regression.onRollout || service.suspend || deployment === undefined || !loadTests.synced) return;
  if (!isRolledOut(deployment)) return;
  const { namespace } = service;
  const name = rolloutTestName(service.name, deployment.revision);
  if (loadTests.tests.get(`${namespace}/${name}`) !== undefined) return;
  const key: ObjectKey = `${namespace}/${service.name}`;
  const earlier = loadTests
    .ofService(key)
    .filter(({ metadata }) => metadata.labels?.[onRolloutLabel] === service.name)
    .toSorted(newestFirst);
  try {
    const manifest = rolloutTest(
      service,
      name,
      earlier.find(({ status }) => status?.verdict === "Passed"),
    );
    loadTests.tests.observeWrite(await client.create(loadTestType, manifest, { fieldManager }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
  }
  await deleteOld(earlier, client);
}

function isRolledOut({ generation, revision, status }: ChildView): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  const isSeen = observedGeneration >= generation && revision > 0;
  return isSeen && replicas > 0 && updatedReplicas === replicas && readyReplicas === replicas;
}

/** One name for one rollout: whoever comes second finds it taken. */
export function rolloutTestName(service: string, revision: number): string {
  const suffix = `-r${revision}`;
  if (service.length + suffix.length <= longestName) return `${service}${suffix}`;
  const mark = `-${digest(service)
    .replaceAll(/[^a-z0-9]/gi, "")
    .toLowerCase()
    .slice(0, 6)}${suffix}`;
  return `${service.slice(0, longestName - mark.length)}${mark}`;
}

export function rolloutTest(
  service: EffectiveService,
  name: string,
  passed: Pick<StoredLoadTest, "metadata"> | undefined,
): Manifest {
  const { scenario, tolerancePercent } = service.regression;
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
    spec: { serviceRef: { name: service.name }, scenario, ...regression },
  } as Manifest;
}

async function deleteOld(newest: readonly StoredLoadTest[], client: RolloutTestContext["client"]): Promise<void> {
  const reference = newest.find(({ status }) => status?.verdict === "Passed");
  for (const old of newest.slice(kept)) {
    if (old === reference || !isFinished(old.status)) continue;
    const { namespace = "", name, uid } = old.metadata;
    try {
      await client.delete(loadTestType, namespace, name, { uid, propagationPolicy: "Background" });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
    }
  }
}

function newestFirst(a: StoredLoadTest, b: StoredLoadTest): number {
  return b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp);
}
