/** The status of a load test, from its state. Pure. kstatus reads Reconciling while it runs, Stalled when it failed. */
import {
  compareFigures,
  formatMetric,
  regressionReasons,
  type ComparedFigures,
  type Condition,
  type GpuMediaLoadTest,
  type GpuMediaLoadTestStatus,
  type LoadTestResult,
  type MeasuredResult,
} from "@gpumedia/api";
import type { StatusEvent } from "../status/changes.ts";
import { conditions, isTrue, type Verdict } from "../status/condition.ts";

/** Every reason of a load test's condition and what it means; docs/load-test-kind.md is compared with it. */
export const loadTestReasons = {
  ServiceNotFound: "the namespace has no service of this name",
  ServiceNotRendered: "the spec or the profile of the service is invalid",
  ServiceSuspended: "the service is suspended",
  LiveVideoDisabled: "the service has no live video, which the scenario needs",
  NoPodServes: "no pod of the service is ready",
  EarlierTestUnfinished: "the test to compare with has not finished",
  NameTaken: "another Job has the name of the test",
  JobRejected: "the API server rejects the Job",
  Starting: "the pod of the Job does not run yet; the message explains why",
  QuotaExceeded: "the namespace's quota has no room for the pod of the Job, which tries again",
  Running: "the Job is running",
  Passed: "all thresholds are met, without a regression against the earlier test",
  ThresholdsMissed: "a threshold is missed; see `status.reasons`",
  Regressed: "p50, p95, throughput, errors or rejections are worse by more than the tolerance",
  NotComparable: "the earlier test sent a different load",
  EarlierTestMissing: "the earlier test does not exist, or has no figures",
  ServiceUnreachable: "the service did not respond",
  Interrupted: "the pod was terminated before the run was complete",
  PodsForbidden: "the API server, a quota or a policy rejects the pod of the Job",
  JobFailed: "the Job failed without a result",
  NoResult: "the Job completed, or was deleted, without a result",
} as const;

export type LoadTestReason = keyof typeof loadTestReasons;

export type LoadTestState =
  /** Something else must change first. */
  | { readonly kind: "Waiting"; readonly reason: LoadTestReason; readonly message: string }
  /** The Job exists and its pod does not run. `why` is the predicate of the Job, or about its pod. */
  | {
      readonly kind: "Starting";
      readonly job: string;
      readonly serviceGeneration: number;
      readonly reason: LoadTestReason;
      readonly why: string;
    }
  | { readonly kind: "Running"; readonly job: string; readonly serviceGeneration: number }
  /** It finished without figures. */
  | { readonly kind: "Error"; readonly reason: LoadTestReason; readonly message: string }
  | { readonly kind: "Finished"; readonly result: LoadTestResult; readonly earlier: EarlierTest | undefined };

/** The test that `regression.against` names; without a status it does not exist. */
export interface EarlierTest {
  readonly name: string;
  readonly status: GpuMediaLoadTestStatus | undefined;
}

type Test = Pick<GpuMediaLoadTest, "metadata" | "spec" | "status">;
type Figures = NonNullable<GpuMediaLoadTestStatus["figures"]>;
type ToConditions = (verdicts: Readonly<Record<string, Verdict>>) => Condition[];

/** `now` is RFC 3339. */
export function loadTestStatus(test: Test, state: LoadTestState, now: string): GpuMediaLoadTestStatus {
  const { metadata, spec, status: before = {} } = test;
  const generation = metadata.generation ?? 0;
  const toConditions: ToConditions = (verdicts) => conditions(verdicts, before.conditions ?? [], generation, now);
  const kept = {
    ...before,
    observedGeneration: generation,
    summary: { ...before.summary, scenario: scenarioOf(spec) },
  };
  switch (state.kind) {
    case "Waiting":
      return { ...kept, conditions: toConditions({ Reconciling: isTrue(state.reason, state.message) }) };
    case "Starting":
    case "Running": {
      const { job, serviceGeneration } = state;
      const running = { job, serviceGeneration, startTime: before.startTime ?? now };
      const verdict =
        state.kind === "Running"
          ? isTrue("Running", `Job ${job} is running`)
          : isTrue(state.reason, `Job ${job} has not started: ${state.why}`);
      return { ...kept, ...running, conditions: toConditions({ Reconciling: verdict }) };
    }
    case "Error": {
      const failed = isTrue(state.reason, state.message);
      const finished = { verdict: "Error" as const, reasons: [cut(state.message)], completionTime: now };
      return { ...kept, ...finished, conditions: toConditions({ Failed: failed, Stalled: failed }) };
    }
    case "Finished":
      return { ...kept, ...finishedStatus(spec, state, now, toConditions) };
  }
}

function scenarioOf({ scenario = "baseline", requests, concurrency, duration }: Test["spec"]): string {
  // Live video is no scenario of the guide: with other sessions it is still live video.
  if (scenario === "live") return scenario;
  return [requests, concurrency, duration].some((one) => one !== undefined) ? "custom" : scenario;
}

function finishedStatus(
  spec: Test["spec"],
  { result, earlier }: LoadTestState & { readonly kind: "Finished" },
  now: string,
  toConditions: ToConditions,
): GpuMediaLoadTestStatus {
  const figures = result.verdict === "Unreachable" ? undefined : figuresOf(result);
  const load = loadText(result.load);
  const { reason, reasons } = judge(spec, result, load, earlier);
  const shown = {
    ...(figures === undefined ? {} : { figures, summary: summaryOf(scenarioOf(spec), figures) }),
    load,
    completionTime: now,
    reasons: reasons.map(cut),
  };
  if (reason === "Passed") {
    const { p95, rps } = compared(figures ?? {});
    const message = `p95 ${formatMetric("p95", p95)}, ${formatMetric("rps", rps)}; all thresholds are met`;
    return { ...shown, verdict: "Passed", conditions: toConditions({ Complete: isTrue(reason, message) }) };
  }
  const failed = isTrue(reason, reasons.join("; "));
  const verdict = figures === undefined || reason === "Interrupted" ? "Error" : "Failed";
  return { ...shown, verdict, conditions: toConditions({ Failed: failed, Stalled: failed }) };
}

interface Judgement {
  readonly reason: LoadTestReason;
  readonly reasons: readonly string[];
}

function judge(
  { regression }: Test["spec"],
  result: LoadTestResult,
  load: string,
  earlier: EarlierTest | undefined,
): Judgement {
  const { verdict, reasons } = result;
  if (verdict === "Unreachable") return { reason: "ServiceUnreachable", reasons };
  if (verdict === "Interrupted") return { reason: "Interrupted", reasons };
  const worse: string[] = [];
  if (earlier !== undefined) {
    const { name, status } = earlier;
    if (status?.figures === undefined) {
      return { reason: "EarlierTestMissing", reasons: [`load test ${name} has no figures to compare with`] };
    }
    if (status.load !== load) {
      const message = `load test ${name} sent a different load; use the same scenario, requests, concurrency and duration`;
      return { reason: "NotComparable", reasons: [message] };
    }
    const tolerancePercent = regression?.tolerancePercent ?? 10;
    const rows = compareFigures(compared(status.figures), compared(figuresOf(result)), tolerancePercent);
    worse.push(...regressionReasons({ against: name, tolerancePercent, rows }));
  }
  if (verdict === "Failed") return { reason: "ThresholdsMissed", reasons: [...reasons, ...worse] };
  return worse.length > 0 ? { reason: "Regressed", reasons: worse } : { reason: "Passed", reasons: [] };
}

function compared(figures: Figures): ComparedFigures {
  return {
    p50: figures.latencyP50Milliseconds ?? null,
    p95: figures.latencyP95Milliseconds ?? null,
    rps: figures.requestsPerSecond ?? null,
    errors: figures.errorPercent ?? null,
    rejected: figures.rejectedPercent ?? null,
  };
}

function figuresOf({ figures, counts, elapsedSeconds }: MeasuredResult): Figures {
  const { latencyMs } = figures;
  return {
    requests: counts.accepted + counts.rejected + counts.failed,
    requestsPerSecond: figures.requestsPerSecond,
    errorPercent: figures.errorPercent,
    rejectedPercent: figures.rejectedPercent,
    ...(latencyMs === null
      ? {}
      : {
          latencyP50Milliseconds: latencyMs.p50,
          latencyP95Milliseconds: latencyMs.p95,
          latencyP99Milliseconds: latencyMs.p99,
        }),
    elapsedSeconds,
  };
}

function summaryOf(
  scenario: string,
  { latencyP95Milliseconds, requestsPerSecond = 0, errorPercent = 0 }: Figures,
): NonNullable<GpuMediaLoadTestStatus["summary"]> {
  return {
    scenario,
    ...(latencyP95Milliseconds === undefined
      ? {}
      : { latencyP95: `${Number(latencyP95Milliseconds.toPrecision(3))}ms` }),
    requestsPerSecond: `${Number(requestsPerSecond.toPrecision(3))}/s`,
    errors: `${Number(errorPercent.toPrecision(3))}%`,
  };
}

/** Equal loads have equal texts. */
function loadText(load: Readonly<Record<string, unknown>>): string {
  return cut(JSON.stringify(Object.fromEntries(Object.entries(load).toSorted(([a], [b]) => (a < b ? -1 : 1)))));
}

/** To the longest string that the schema allows. */
function cut(text: string): string {
  return text.slice(0, 1_024);
}

/** The status of a finished test is final. */
export function isFinished(status: GpuMediaLoadTestStatus | undefined): boolean {
  return status?.verdict !== undefined;
}

/** Reasons to wait that only a person can resolve. */
const blocked: ReadonlySet<string> = new Set<LoadTestReason>([
  "ServiceNotFound",
  "ServiceNotRendered",
  "NameTaken",
  "JobRejected",
]);

/** The event of a status whose reason has changed: the test is blocked, or has finished. */
export function loadTestEvent(
  before: GpuMediaLoadTestStatus | undefined,
  after: GpuMediaLoadTestStatus,
): StatusEvent | undefined {
  const [condition] = after.conditions ?? [];
  if (condition === undefined || condition.reason === before?.conditions?.[0]?.reason) return undefined;
  const { reason, message: note } = condition;
  if (!isFinished(after) && !blocked.has(reason)) return undefined;
  return { type: after.verdict === "Passed" ? "Normal" : "Warning", reason, action: "LoadTest", note };
}
