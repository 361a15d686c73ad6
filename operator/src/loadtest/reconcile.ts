/** One pass over one load test: what it waits for, its Job, the Job's result, its end. A finished one never runs again. */
import { durationMs, validateStored } from "@gpumedia/api";
import { effectiveService, type Defaults } from "../effective/effective.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ApiClient } from "../kube/client.ts";
import { digest } from "../kube/digest.ts";
import { ApiError } from "../kube/errors.ts";
import type { KubeObject, ObjectKey, ResourceType } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { timestamp, type Clock } from "../runtime/clock.ts";
import { backoffAfter, type Next } from "../runtime/workers.ts";
import { jobType, loadTestType, type JobView, type LoadTestCache, type StoredLoadTest } from "./cache.ts";
import { loadTestJob } from "./job.ts";
import { readResult } from "./result.ts";
import { isFinished, loadTestStatus, type LoadTestReason, type Standing } from "./status.ts";

export interface LoadTestPass {
  /** Fenced. */
  readonly client: Pick<ApiClient, "create" | "delete" | "jsonPatch" | "list">;
  readonly cache: ClusterCache;
  readonly loadTests: LoadTestCache;
  readonly clock: Clock;
  readonly defaults: Defaults;
}

const blockedCheckMs = 30_000;

const pods: ResourceType = { group: "", version: "v1", kind: "Pod", resource: "pods", namespaced: true };

export async function reconcileLoadTest(key: ObjectKey, pass: LoadTestPass): Promise<Next> {
  const test = pass.loadTests.tests.get(key);
  // Gone or going: garbage collection takes the Job, whose pod then sends nothing more.
  if (test === undefined || test.metadata.deletionTimestamp !== undefined) return { kind: "done" };
  try {
    if (isFinished(test.status)) return await expire(test, pass);
    return await writeStatus(test, await standing(test, key, pass), pass);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return backoffAfter(error);
  }
}

async function standing(test: StoredLoadTest, key: ObjectKey, pass: LoadTestPass): Promise<Standing> {
  const [finding] = validateStored.GpuMediaLoadTest(test);
  if (finding !== undefined) return failed("JobRejected", `the spec breaks a rule of the schema: ${finding.message}`);
  const job = pass.loadTests.jobs.get(key);
  if (job === undefined) return begin(test, key, pass);
  if (job.owner !== test.metadata.uid) {
    return waits("NameTaken", `Job ${job.name} belongs to somebody else: remove it, or name the test otherwise`);
  }
  return follow(test, job, pass);
}

/** Sends nothing before there is somebody to answer: the figures would be those of an empty place. */
async function begin(test: StoredLoadTest, key: ObjectKey, pass: LoadTestPass): Promise<Standing> {
  const { cache, client, defaults } = pass;
  const { namespace = "" } = test.metadata;
  const { name } = test.spec.serviceRef;
  // It was there, or the status would not name it: a result that nobody can read any more.
  if (test.status?.job !== undefined)
    return failed("NoResult", `Job ${test.status.job} is gone, and its result with it`);
  const service = cache.services.get(`${namespace}/${name}`);
  if (service === undefined) return waits("ServiceNotFound", `there is no GpuMediaService ${name} in ${namespace}`);
  const profiles = { get: (profile: string) => cache.profiles.get(`/${profile}`) };
  const effective = effectiveService(service, profiles, defaults);
  if (effective.kind !== "Effective") return waits("ServiceNotRendered", `${name} is not valid: ${effective.message}`);
  const problem = notServing(effective.service, cache) ?? earlierProblem(test, pass);
  if (problem !== undefined) return problem;
  try {
    pass.loadTests.jobs.observeWrite(
      await client.create(jobType, loadTestJob(test, effective.service), { fieldManager }),
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The watch will show it, and whose it is.
    if (error.reason === "AlreadyExists") return waits("NameTaken", `there is a Job ${key} already`);
    if (error.status !== 403 && error.status !== 422 && error.status !== 400) throw error;
    return waits("JobRejected", `the API server refuses the Job: ${error.message}`);
  }
  return { kind: "Running", job: test.metadata.name, serviceGeneration: service.metadata.generation ?? 0 };
}

function notServing({ name, namespace, suspend }: EffectiveService, cache: ClusterCache): Standing | undefined {
  if (suspend) return waits("ServiceSuspended", `${name} is suspended: set spec.suspend: false`);
  const ready = cache.childOf("deployment", `${namespace}/${name}`)?.status.readyReplicas ?? 0;
  return ready > 0 ? undefined : waits("NoPodServes", `no pod of ${name} serves yet; see its condition Ready`);
}

function earlierProblem({ metadata, spec }: StoredLoadTest, { loadTests }: LoadTestPass): Standing | undefined {
  const { against } = spec.regression ?? {};
  if (against === undefined) return undefined;
  const earlier = loadTests.tests.get(`${metadata.namespace ?? ""}/${against}`);
  if (earlier === undefined) return failed("EarlierTestMissing", `there is no load test ${against} to compare with`);
  return isFinished(earlier.status) ? undefined : waits("EarlierTestUnfinished", `${against} has no result yet`);
}

async function follow(
  test: StoredLoadTest,
  job: JobView,
  { client, loadTests, cache }: LoadTestPass,
): Promise<Standing> {
  const { namespace = "" } = test.metadata;
  const ended = job.conditions.find(
    ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
  );
  const serviceKey: ObjectKey = `${namespace}/${test.spec.serviceRef.name}`;
  if (ended === undefined) {
    const serviceGeneration =
      test.status?.serviceGeneration ?? cache.services.get(serviceKey)?.metadata.generation ?? 0;
    return { kind: "Running", job: job.name, serviceGeneration };
  }
  const message = await terminationMessage(client, namespace, job.name);
  // A run that misses its thresholds ends with 1, so its Job has failed: only the message tells.
  const result = readResult(message ?? "");
  if (result !== undefined) {
    const { against } = test.spec.regression ?? {};
    const earlier =
      against === undefined
        ? undefined
        : { name: against, status: loadTests.tests.get(`${namespace}/${against}`)?.status };
    return { kind: "Ended", result, earlier };
  }
  if (ended.type === "Complete") return failed("NoResult", `Job ${job.name} ended without a result`);
  const words = [ended.reason, ended.message, message?.trim().slice(-500)].filter(
    (one) => one !== undefined && one !== "",
  );
  return failed("JobFailed", `Job ${job.name} failed: ${words.join(": ")}`);
}

interface Pod extends KubeObject {
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly message?: string } };
    }[];
  };
}

/** Asked once, when the Job has ended: nobody follows the pods of Jobs. */
async function terminationMessage(
  client: LoadTestPass["client"],
  namespace: string,
  job: string,
): Promise<string | undefined> {
  const labelSelector = `batch.kubernetes.io/job-name=${job}`;
  const { items } = await client.list(pods, { namespace, labelSelector });
  return (items as readonly Pod[])
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ state }) => state?.terminated?.message)
    .find((message) => message !== undefined);
}

async function writeStatus(test: StoredLoadTest, now: Standing, pass: LoadTestPass): Promise<Next> {
  const { client, loadTests, clock } = pass;
  const { namespace = "", name, uid } = test.metadata;
  const status = loadTestStatus(test, now, timestamp(clock.wall()));
  const next = nextLook(now);
  if (digest(test.status) === digest(status)) return next;
  const operations = [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "add", path: "/status", value: status },
  ] as const;
  try {
    const options = { fieldManager, subresource: "status" } as const;
    loadTests.tests.observeWrite(await client.jsonPatch(loadTestType, namespace, name, operations, options));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  return isFinished(status) ? { kind: "now" } : next;
}

/** A quota that has room again, or a foreign Job that goes, is told by no watch. */
function nextLook(now: Standing): Next {
  const isBlocked = now.kind === "Waiting" && (now.reason === "JobRejected" || now.reason === "NameTaken");
  return isBlocked ? { kind: "requeue", afterMs: blockedCheckMs } : { kind: "done" };
}

async function expire({ metadata, spec, status }: StoredLoadTest, { client, clock }: LoadTestPass): Promise<Next> {
  if (spec.ttlAfterFinished === undefined || status?.completionTime === undefined) return { kind: "done" };
  const leftMs = Date.parse(status.completionTime) + durationMs(spec.ttlAfterFinished) - clock.wall();
  if (leftMs > 0) return { kind: "requeue", afterMs: leftMs };
  const { namespace = "", name, uid } = metadata;
  try {
    await client.delete(loadTestType, namespace, name, { uid, propagationPolicy: "Background" });
  } catch (error) {
    // Gone, or another one by now.
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
  return { kind: "done" };
}

function waits(reason: LoadTestReason, message: string): Standing {
  return { kind: "Waiting", reason, message };
}

function failed(reason: LoadTestReason, message: string): Standing {
  return { kind: "Error", reason, message };
}
