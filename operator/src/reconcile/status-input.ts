/** What the status of a service is computed from, once its children have been written. Pure. */
import { childText, type DesiredChild } from "../desired/children.ts";
import { omittedText } from "../desired/later-fields.ts";
import { placeKey, rulesPlace } from "../desired/rule-set.ts";
import { sharedObjectMetadata } from "../desired/shared-object.ts";
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { lastLoadTest } from "../loadtest/last-test.ts";
import type { Failure } from "../plan/failure.ts";
import { gpuView } from "../plan/gpus.ts";
import { isOwn } from "../plan/plan.ts";
import { claimHeadroom } from "../plan/quota.ts";
import { childKinds } from "../observe/child-kinds.ts";
import { losesSharedRules, ruleOf } from "../plan/own-rule.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { SharedRules, StatusInput } from "../status/status-input.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { windowMs } from "../utilization/window.ts";
import type { ChildOutcome } from "./execute.ts";
import type { Memory, ServiceMemory } from "./memory.ts";
import type { Snapshot } from "./snapshot.ts";

/** How often the figures of a service may be written while no condition changes. */
const writeEveryMs = 60_000;

export interface ReconcileResult extends Pick<
  StatusInput,
  "failure" | "rollout" | "reading" | "admission" | "sharedRules" | "allocation"
> {
  readonly gpus: GpuRequest;
  readonly outcomes: readonly ChildOutcome[];
  readonly children: readonly DesiredChild[];
}

export function statusInput(
  service: EffectiveService,
  {
    children,
    served,
    kedaAutoscaler,
    gateways,
    ingressClasses,
    prometheuses,
    dcgmTaken,
    features,
    pods,
    failedPods,
    gpus,
    quotas,
    loadTests,
    unreachableApis,
  }: Snapshot,
  { outcomes, children: desired, gpus: request, ...result }: ReconcileResult,
): StatusInput {
  const view = gpuView(service, request, gpus);
  const byKeda = service.autoscaling.horizontal.provider === "KEDA";
  // Pods of the Deployment that a deleted service of the same name leaves behind do not make this one Ready.
  const own = (child: ChildView | undefined): ChildView | undefined =>
    child !== undefined && isOwn(service.owner, child) ? child : undefined;
  return {
    ...result,
    service,
    omittedFields: omittedFields(desired),
    skipped: new Set([
      ...outcomes.filter(({ did }) => did === "skip").map(({ child }) => child.role),
      // The service has none of its own, but its alerts need the API, too.
      ...(service.monitoring.alerts && !served.has(childKinds.prometheusRule) ? (["prometheusRule"] as const) : []),
    ]),
    resourceMetrics: features.resourceMetrics,
    unreachableApis,
    dcgmTaken,
    deployment: own(children.deployment),
    autoscaler: own(byKeda ? children.scaledObject : children.horizontalPodAutoscaler),
    kedaAutoscaler: byKeda ? kedaAutoscaler : undefined,
    verticalAutoscaler: own(children.verticalPodAutoscaler),
    ingress: own(children.ingress),
    httpRoute: own(children.httpRoute),
    liveService: own(children.liveService),
    udpRoute: own(children.udpRoute),
    gateways,
    ingressClasses,
    prometheuses,
    pods: [...pods, ...failedPods],
    gpus: view,
    claimQuota: claimHeadroom(view, quotas),
    claimTemplate: desired.find(({ role, manifest }) => role === "resourceClaimTemplate" && manifest !== null)?.name,
    lastLoadTest: lastLoadTest(loadTests.tests),
  };
}

function omittedFields(children: readonly DesiredChild[]): StatusInput["omittedFields"] {
  const incomplete = children.flatMap((child) =>
    child.omitted === undefined
      ? []
      : [{ child: childText(child), fields: child.omitted.map((path) => omittedText(child.role, path)) }],
  );
  return incomplete.length === 0 ? undefined : incomplete;
}

/** The shared rules of the service, and why they do not apply to it. */
export function sharedRulesOf(
  service: EffectiveService,
  { ruleLoaders }: Pick<Snapshot, "ruleLoaders">,
  { sharedProblems }: Pick<Memory, "sharedProblems">,
  operatorNamespace: string,
): SharedRules {
  const place = rulesPlace(service, operatorNamespace);
  const { namespace, labels } = sharedObjectMetadata(place);
  const unwritten = sharedProblems.get(placeKey(place));
  if (unwritten !== undefined) return { namespace, labels, problem: { reason: "RulesNotWritten", message: unwritten } };
  const loader = losesSharedRules(ruleLoaders ?? [], ruleOf(service), namespace);
  if (loader === undefined) return { namespace, labels };
  const message = `${loader.kind} ${loader.key} may not apply the shared rules in namespace ${namespace} to this service; set monitoring.scope: Namespace`;
  return { namespace, labels, problem: { reason: "RulesNotLoaded", message } };
}

/** `now` is on the monotonic clock. */
export function utilizationReading(
  { reports }: Pick<Snapshot, "reports">,
  { figuresWrittenAt }: Pick<ServiceMemory, "figuresWrittenAt">,
  { startedAt }: Pick<Memory, "startedAt">,
  now: number,
): UtilizationReading {
  return {
    ...reports,
    warmingUp: figuresWrittenAt === undefined && now - startedAt < windowMs,
    mayMove: figuresWrittenAt === undefined || now - figuresWrittenAt >= writeEveryMs,
  };
}

/** What a user must know first: what needs an action, then what waits, then what is retried anyway. */
const severity: readonly Failure["kind"][] = ["Stalled", "Waiting", "Transient", "Conflict"];

export function worst(outcomes: readonly ChildOutcome[]): Failure | undefined {
  const failures = outcomes.map(({ failure }) => failure).filter((failure) => failure !== undefined);
  return failures.toSorted((a, b) => severity.indexOf(a.kind) - severity.indexOf(b.kind))[0];
}
