/** The status of a load test, from where it stands. Pure. kstatus reads Reconciling while it runs, Stalled when it failed. */
import type { Condition, GpuMediaLoadTest, GpuMediaLoadTestStatus } from "@gpumedia/api";
import { conditions, isTrue, type Verdict } from "../status/condition.ts";
import { regressions } from "./regression.ts";
import type { RunResult } from "./result.ts";

/** Every reason of a load test's condition and what it means; docs/load-test-kind.md is compared with it. */
export const loadTestReasons = {
  ServiceNotFound: "the namespace has no service of this name",
  ServiceNotRendered: "the spec or the profile of the service is invalid",
  ServiceSuspended: "the service is suspended",
  NoPodServes: "no pod of the service is ready",
  EarlierTestUnfinished: "the test to compare with has not finished",
  NameTaken: "another Job has the name of the test",
  JobRejected: "the API server rejects the Job",
  Running: "the Job is running",
  Passed: "all thresholds are met, without a regression against the earlier test",
  ThresholdsMissed: "a threshold is missed; see `status.reasons`",
  Regressed: "p50, p95, throughput, errors or rejections are worse by more than the tolerance",
  NotComparable: "the earlier test sent a different load",
  EarlierTestMissing: "the earlier test does not exist, or has no figures",
  ServiceUnreachable: "the service did not respond",
  Interrupted: "the pod was terminated before the run was complete",
  JobFailed: "the Job failed without a result",
  NoResult: "the Job completed, or was deleted, without a result",
} as const;

export type LoadTestReason = keyof typeof loadTestReasons;

/** Where a load test stands. */
export type Standing =
  /** Something has to change first. */
  | { readonly kind: "Waiting"; readonly reason: LoadTestReason; readonly message: string }
  | { readonly kind: "Running"; readonly job: string; readonly serviceGeneration: number }
  /** It ended without figures. */
  | { readonly kind: "Error"; readonly reason: LoadTestReason; readonly message: string }
  | { readonly kind: "Ended"; readonly result: RunResult; readonly earlier: EarlierTest | undefined };

/** What `regression.against` names; without a status it is not there. */
export interface EarlierTest {
  readonly name: string;
  readonly status: GpuMediaLoadTestStatus | undefined;
}

type Test = Pick<GpuMediaLoadTest, "metadata" | "spec" | "status">;

/** `now` is RFC 3339. */
export function loadTestStatus(test: Test, standing: Standing, now: string): GpuMediaLoadTestStatus {
  const { metadata, spec, status: before = {} } = test;
  const generation = metadata.generation ?? 0;
  const said = (verdicts: Readonly<Record<string, Verdict>>): Condition[] =>
    conditions(verdicts, before.conditions ?? [], generation, now);
  const kept = {
    ...before,
    observedGeneration: generation,
    summary: { ...before.summary, scenario: scenarioOf(spec) },
  };
  switch (standing.kind) {
    case "Waiting":
      return { ...kept, conditions: said({ Reconciling: isTrue(standing.reason, standing.message) }) };
    case "Running": {
      const { job, serviceGeneration } = standing;
      const running = { job, serviceGeneration, startTime: before.startTime ?? now };
      const message = `Job ${job} sends its requests`;
      return { ...kept, ...running, conditions: said({ Reconciling: isTrue("Running", message) }) };
    }
    case "Error": {
      const failed = isTrue(standing.reason, standing.message);
      const reasons = [standing.message.slice(0, 1_024)];
      const ended = { verdict: "Error", reasons, completionTime: now } as const;
      return { ...kept, ...ended, conditions: said({ Failed: failed, Stalled: failed }) };
    }
    case "Ended":
      return { ...kept, ...endedStatus(spec, standing, now, said) };
  }
}

function scenarioOf({ scenario = "baseline", requests, concurrency, duration }: Test["spec"]): string {
  return [requests, concurrency, duration].some((one) => one !== undefined) ? "custom" : scenario;
}

function endedStatus(
  spec: Test["spec"],
  { result, earlier }: Standing & { readonly kind: "Ended" },
  now: string,
  said: (verdicts: Readonly<Record<string, Verdict>>) => Condition[],
): GpuMediaLoadTestStatus {
  const figures = figuresOf(result);
  const load = result.load === undefined ? undefined : loadText(result.load);
  const judged = judge(spec, result, figures, load, earlier);
  const shown = {
    ...(figures === undefined ? {} : { figures, summary: summaryOf(scenarioOf(spec), figures) }),
    ...(load === undefined ? {} : { load }),
    completionTime: now,
    reasons: judged.reasons.map((reason) => reason.slice(0, 1_024)),
  };
  if (judged.reason === "Passed") {
    const p95 = figures?.latencyP95Milliseconds;
    const message = `p95 ${p95} ms, ${figures?.requestsPerSecond}/s, all thresholds met`;
    return { ...shown, verdict: "Passed", conditions: said({ Complete: isTrue("Passed", message) }) };
  }
  const failed = isTrue(judged.reason, judged.reasons.join("; "));
  const verdict = figures === undefined || judged.reason === "Interrupted" ? "Error" : "Failed";
  return { ...shown, verdict, conditions: said({ Failed: failed, Stalled: failed }) };
}

interface Judged {
  readonly reason: LoadTestReason;
  readonly reasons: readonly string[];
}

function judge(
  { regression }: Test["spec"],
  { verdict, reasons }: RunResult,
  figures: GpuMediaLoadTestStatus["figures"],
  load: string | undefined,
  earlier: EarlierTest | undefined,
): Judged {
  if (verdict === "Unreachable") return { reason: "ServiceUnreachable", reasons };
  if (verdict === "Interrupted") return { reason: "Interrupted", reasons };
  if (figures === undefined) return { reason: "NoResult", reasons: ["the result has no figures"] };
  const { status } = earlier ?? {};
  if (earlier !== undefined && status?.figures === undefined) {
    return { reason: "EarlierTestMissing", reasons: [`there are no figures of ${earlier.name} to compare with`] };
  }
  if (earlier !== undefined && status?.load !== load) {
    const message = `${earlier.name} sent another load: give both the same scenario, requests, concurrency and duration`;
    return { reason: "NotComparable", reasons: [message] };
  }
  const tolerance = regression?.tolerancePercent ?? 10;
  const worse =
    earlier === undefined || status?.figures === undefined
      ? []
      : regressions(status.figures, figures, tolerance, earlier.name);
  if (verdict === "Failed") return { reason: "ThresholdsMissed", reasons: [...reasons, ...worse] };
  return worse.length > 0 ? { reason: "Regressed", reasons: worse } : { reason: "Passed", reasons: [] };
}

function figuresOf({ figures, counts, elapsedSeconds }: RunResult): GpuMediaLoadTestStatus["figures"] | undefined {
  if (figures === undefined || counts === undefined) return undefined;
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
    ...(elapsedSeconds === undefined ? {} : { elapsedSeconds }),
  };
}

function summaryOf(
  scenario: string,
  { latencyP95Milliseconds, requestsPerSecond = 0, errorPercent = 0 }: NonNullable<GpuMediaLoadTestStatus["figures"]>,
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

/** The same text for the same load. */
function loadText(load: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(load).toSorted(([a], [b]) => (a < b ? -1 : 1)))).slice(
    0,
    1_024,
  );
}

/** Has it come to its end? Nothing changes any more then. */
export function isFinished(status: GpuMediaLoadTestStatus | undefined): boolean {
  return status?.verdict !== undefined;
}
