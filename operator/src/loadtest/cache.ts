/** The caches of load tests and their Jobs. */
import type { GpuMediaLoadTest } from "@gpumedia/api";
import type { ApiClient } from "../kube/client.ts";
import { namespacedType, type KubeObject, type ObjectKey } from "../kube/object.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { StatusCondition } from "../observe/child-view.ts";
import { withoutManagedFields } from "../observe/cluster-cache.ts";
import { ScopedCache } from "../observe/scoped-cache.ts";
import { loadTestLabel } from "./job.ts";

export type StoredLoadTest = GpuMediaLoadTest & KubeObject;

export interface JobView {
  readonly name: string;
  readonly uid: string;
  /** UID of its load test. */
  readonly owner: string | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  /** How many of its pods run. */
  readonly ready: number;
  readonly conditions: readonly StatusCondition[];
}

export const loadTestType = namespacedType("gpumedia.io/v1alpha1", "GpuMediaLoadTest", "gpumedialoadtests");
export const jobType = namespacedType("batch/v1", "Job", "jobs");

export interface LoadTestCacheOptions {
  readonly client: Pick<ApiClient, "list" | "watch">;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

export class LoadTestCache {
  readonly tests: ScopedCache<StoredLoadTest>;
  readonly jobs: ScopedCache<JobView>;
  readonly ofService: (service: ObjectKey) => readonly StoredLoadTest[];

  constructor({ client, ...options }: LoadTestCacheOptions) {
    this.tests = new ScopedCache(client, loadTestType, { ...options, project: withoutManagedFields<StoredLoadTest> });
    this.jobs = new ScopedCache(client, jobType, {
      ...options,
      project: viewJob,
      selection: { labelSelector: loadTestLabel },
    });
    this.ofService = this.tests.lookup(({ metadata, spec }) => [`${metadata.namespace ?? ""}/${spec.serviceRef.name}`]);
  }

  /** Both have been listed: an object that is missing does not exist. */
  get synced(): boolean {
    return this.tests.synced && this.jobs.synced;
  }

  async whenSynced(): Promise<void> {
    await Promise.all([this.tests.whenSynced(), this.jobs.whenSynced()]);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.tests.run(signal), this.jobs.run(signal)]);
  }
}

function viewJob(object: KubeObject): JobView {
  const { metadata, status } = object as KubeObject & {
    status?: { ready?: number; conditions?: readonly StatusCondition[] };
  };
  return {
    name: metadata.name,
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp,
    ready: status?.ready ?? 0,
    owner: metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid,
    conditions: status?.conditions ?? [],
  };
}
