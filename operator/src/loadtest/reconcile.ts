/** Reconciles one load test: what it waits for, its Job, the result of the Job, its expiry. A finished test never runs again. */
import { durationMs, readLoadTestResult, validateStored } from "@gpumedia/api";
import type { ClusterFeatures } from "../desired/context.ts";
import { effectiveService, type Defaults } from "../effective/effective.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ApiClient } from "../kube/client.ts";
import { digest } from "../kube/digest.ts";
import { ApiError } from "../kube/errors.ts";
import { deleteExact, replaceStatus } from "../kube/exact-writes.ts";
import { objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import type { StatusCondition } from "../observe/child-view.ts";
import { podType, type ClusterCache } from "../observe/cluster-cache.ts";
import { timestamp, type Clock } from "../runtime/clock.ts";
import type { EventRecorder } from "../runtime/events.ts";
import { backoffAfter, type Next } from "../runtime/workers.ts";
import { jobType, loadTestType, type JobView, type LoadTestCache, type StoredLoadTest } from "./cache.ts";
import { loadTestJob } from "./job.ts";
import { podStart } from "./pod-start.ts";
import { isFinished, loadTestEvent, loadTestStatus, type LoadTestReason, type LoadTestState } from "./status.ts";

export interface LoadTestPass {
  /** Fenced. */
  readonly client: Pick<ApiClient, "create" | "delete" | "jsonPatch" | "list">;
  readonly cache: ClusterCache;
  readonly loadTests: LoadTestCache;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly defaults: Defaults;
  readonly features: () => Pick<ClusterFeatures, "securityContextConstraints">;
}

const blockedCheckMs = 30_000;
/** A Job's events and its pod are not watched. They are read after a fifth of the Job's age, within these bounds. */
const minStartCheckMs = 1_000;
const maxStartCheckMs = 10_000;

export async function reconcileLoadTest(key: ObjectKey, pass: LoadTestPass): Promise<Next> {
  const test = pass.loadTests.tests.get(key);
  // Garbage collection deletes the Job, whose pod then stops sending.
  if (test === undefined || test.metadata.deletionTimestamp !== undefined) return { kind: "done" };
  try {
    if (isFinished(test.status)) {
      await endJob(key, test, pass);
      return await expire(test, pass);
    }
    return await writeStatus(test, await stateOf(test, key, pass), pass);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return backoffAfter(error);
  }
}

async function stateOf(test: StoredLoadTest, key: ObjectKey, pass: LoadTestPass): Promise<LoadTestState> {
  const [finding] = validateStored.GpuMediaLoadTest(test);
  if (finding !== undefined) return failed("JobRejected", `the spec violates the schema: ${finding.message}`);
  const job = pass.loadTests.jobs.get(key);
  if (job === undefined) return begin(test, key, pass);
  if (job.owner !== test.metadata.uid) {
    return waits(
      "NameTaken",
      `Job ${job.name} is not managed by this operator; delete it, or create the test under another name`,
    );
  }
  return follow(test, job, pass);
}

/** Creates the Job once the service can respond: earlier, the figures would be meaningless. */
async function begin(test: StoredLoadTest, key: ObjectKey, pass: LoadTestPass): Promise<LoadTestState> {
  const { cache, client, defaults } = pass;
  const { namespace = "" } = test.metadata;
  const { name } = test.spec.serviceRef;
  if (test.status?.job !== undefined) {
    return failed("NoResult", `Job ${test.status.job} was deleted before its result was read; create a new test`);
  }
  const service = cache.services.get(`${namespace}/${name}`);
  if (service === undefined) {
    const message = `GpuMediaService ${namespace}/${name} does not exist; create it, or create a new test with the correct serviceRef.name`;
    return waits("ServiceNotFound", message);
  }
  const profiles = { get: (profile: string) => cache.profiles.get(`/${profile}`) };
  const effective = effectiveService(service, profiles, defaults);
  if (effective.kind !== "Effective")
    return waits("ServiceNotRendered", `GpuMediaService ${name} is invalid: ${effective.message}`);
  const problem = notServing(test, effective.service, cache) ?? earlierProblem(test, pass);
  if (problem !== undefined) return problem;
  try {
    pass.loadTests.jobs.observeWrite(
      await client.create(jobType, loadTestJob(test, effective.service, pass.features()), { fieldManager }),
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The watch will deliver it, with its owner.
    if (error.reason === "AlreadyExists") return waits("NameTaken", `Job ${key} already exists`);
    if (error.status !== 403 && error.status !== 422 && error.status !== 400) throw error;
    return waits("JobRejected", `the API server rejects the Job: ${error.message}`);
  }
  const serviceGeneration = service.metadata.generation ?? 0;
  return { kind: "Starting", job: test.metadata.name, serviceGeneration, reason: "Starting", why: "it was created" };
}

function notServing(
  { spec }: StoredLoadTest,
  { name, namespace, suspend, live }: EffectiveService,
  cache: ClusterCache,
): LoadTestState | undefined {
  if (suspend) return waits("ServiceSuspended", `GpuMediaService ${name} is suspended; set spec.suspend: false`);
  if (spec.scenario === "live" && !live.enabled)
    return waits("LiveVideoDisabled", `GpuMediaService ${name} has no live video; set spec.live.enabled: true`);
  const ready = cache.childOf("deployment", `${namespace}/${name}`)?.status.readyReplicas ?? 0;
  return ready > 0
    ? undefined
    : waits("NoPodServes", `waiting for a ready pod of GpuMediaService ${name}; see its condition Ready`);
}

function earlierProblem({ metadata, spec }: StoredLoadTest, { loadTests }: LoadTestPass): LoadTestState | undefined {
  const { against } = spec.regression ?? {};
  if (against === undefined) return undefined;
  const earlier = loadTests.tests.get(`${metadata.namespace ?? ""}/${against}`);
  if (earlier === undefined) {
    return failed(
      "EarlierTestMissing",
      `load test ${against} does not exist; correct regression.against in a new test`,
    );
  }
  return isFinished(earlier.status) ? undefined : waits("EarlierTestUnfinished", `waiting for load test ${against}`);
}

async function follow(
  test: StoredLoadTest,
  job: JobView,
  { client, loadTests, cache }: LoadTestPass,
): Promise<LoadTestState> {
  const { namespace = "" } = test.metadata;
  const ended = endOf(job);
  const serviceKey: ObjectKey = `${namespace}/${test.spec.serviceRef.name}`;
  if (ended === undefined) {
    const serviceGeneration =
      test.status?.serviceGeneration ?? cache.services.get(serviceKey)?.metadata.generation ?? 0;
    const running = { job: job.name, serviceGeneration };
    const start = job.ready > 0 ? ({ kind: "Started" } as const) : await podStart(client, namespace, job);
    switch (start.kind) {
      case "Started":
        return { kind: "Running", ...running };
      case "Ended":
        return outcome(test, job, { ...start, succeeded: start.exitCode === 0, why: [] }, loadTests);
      case "Pending":
        return { kind: "Starting", ...running, reason: start.reason, why: start.why };
      case "Forbidden":
        return failed("PodsForbidden", `Job ${job.name} cannot create its pod: ${start.message}`);
    }
  }
  const message = await terminationMessage(client, namespace, job.name);
  const why = [ended.reason, ended.message];
  return outcome(test, job, { message, succeeded: ended.type === "Complete", why }, loadTests);
}

function endOf({ conditions }: JobView): StatusCondition | undefined {
  return conditions.find(({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"));
}

/**
 * Deletes the Job of a finished test that has not ended, after the status has the result: beside a proxy its pod would run until
 * the deadline, and one that was rejected would still start once the policy changed.
 */
async function endJob(
  key: ObjectKey,
  { metadata }: StoredLoadTest,
  { client, loadTests }: LoadTestPass,
): Promise<void> {
  const job = loadTests.jobs.get(key);
  if (job === undefined || job.owner !== metadata.uid || endOf(job) !== undefined) return;
  await deleteExact(client, jobType, { namespace: metadata.namespace ?? "", ...job });
}

interface Ending {
  /** The termination message of the client. */
  readonly message: string | undefined;
  readonly succeeded: boolean;
  /** Of the Job controller. */
  readonly why: readonly (string | undefined)[];
}

/** A run that misses its thresholds also fails its Job, so the result decides, not the Job. */
function outcome(
  { metadata, spec }: StoredLoadTest,
  job: JobView,
  { message, succeeded, why }: Ending,
  { tests }: LoadTestCache,
): LoadTestState {
  const result = readLoadTestResult(message ?? "");
  if (!("problem" in result)) {
    const { against } = spec.regression ?? {};
    const status = against === undefined ? undefined : tests.get(`${metadata.namespace ?? ""}/${against}`)?.status;
    return { kind: "Finished", result, earlier: against === undefined ? undefined : { name: against, status } };
  }
  if (succeeded) {
    return failed(
      "NoResult",
      `Job ${job.name} completed without a result; check that its image contains gpumedia-loadtest`,
    );
  }
  const words = [...why, message?.trim().slice(-500)].filter((one) => one !== undefined && one !== "");
  return failed("JobFailed", `Job ${job.name} failed: ${words.join(": ")}`);
}

interface Pod extends KubeObject {
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly message?: string } };
    }[];
  };
}

/** Read once, when the Job has finished: the pods of Jobs are not watched. */
async function terminationMessage(
  client: LoadTestPass["client"],
  namespace: string,
  job: string,
): Promise<string | undefined> {
  const labelSelector = `batch.kubernetes.io/job-name=${job}`;
  const { items } = await client.list(podType, { namespace, labelSelector });
  return (items as readonly Pod[])
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .map(({ state }) => state?.terminated?.message)
    .find((message) => message !== undefined);
}

async function writeStatus(test: StoredLoadTest, state: LoadTestState, pass: LoadTestPass): Promise<Next> {
  const { client, loadTests, events, clock } = pass;
  const status = loadTestStatus(test, state, timestamp(clock.wall()));
  const next = requeue(state, unreadyMs(test, pass));
  if (digest(test.status) === digest(status)) return next;
  try {
    loadTests.tests.observeWrite(await replaceStatus(client, loadTestType, test.metadata, status));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return { kind: "done" };
  }
  const event = loadTestEvent(test.status, status);
  if (event !== undefined) events.record(test, event);
  return isFinished(status) ? { kind: "now" } : next;
}

/** No watch reports that quota has become free, or that a Job without our label was deleted. */
function requeue(state: LoadTestState, ageMs: number | undefined): Next {
  if (ageMs !== undefined && (state.kind === "Starting" || state.kind === "Running")) {
    return { kind: "requeue", afterMs: Math.min(Math.max(ageMs / 5, minStartCheckMs), maxStartCheckMs) };
  }
  const isBlocked = state.kind === "Waiting" && (state.reason === "JobRejected" || state.reason === "NameTaken");
  return isBlocked ? { kind: "requeue", afterMs: blockedCheckMs } : { kind: "done" };
}

/** How long ago the Job was created; undefined while its pod is ready, because the Job's status shows when it ends. */
function unreadyMs({ metadata }: StoredLoadTest, { clock, loadTests }: LoadTestPass): number | undefined {
  const job = loadTests.jobs.get(objectKey({ metadata }));
  if (job === undefined) return 0;
  return job.ready > 0 ? undefined : clock.wall() - Date.parse(job.createdAt);
}

async function expire({ metadata, spec, status }: StoredLoadTest, { client, clock }: LoadTestPass): Promise<Next> {
  if (spec.ttlAfterFinished === undefined || status?.completionTime === undefined) return { kind: "done" };
  const leftMs = Date.parse(status.completionTime) + durationMs(spec.ttlAfterFinished) - clock.wall();
  if (leftMs > 0) return { kind: "requeue", afterMs: leftMs };
  await deleteExact(client, loadTestType, metadata);
  return { kind: "done" };
}

function waits(reason: LoadTestReason, message: string): LoadTestState {
  return { kind: "Waiting", reason, message };
}

function failed(reason: LoadTestReason, message: string): LoadTestState {
  return { kind: "Error", reason, message };
}
