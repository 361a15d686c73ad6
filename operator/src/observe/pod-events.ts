/**
 * Why a pod does not start on its node, and what Karpenter does for a pod without a node. Both are reported only as events, and
 * events are not watched.
 */
import type { ApiClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import { namespacedType, type KubeObject } from "../kube/object.ts";
import {
  karpenterComponent,
  nodeClaimProgress,
  nodeClaimType,
  podDecision,
  type Provisioning,
} from "../neighbours/karpenter.ts";

export const eventType = namespacedType("v1", "Event", "events");

export interface CoreEvent extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string;
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
}

export interface StartFailure {
  /** The event's, such as FailedPrepareDynamicResources or FailedMount. */
  readonly reason: string;
  readonly message: string;
}

interface PodIdentity {
  readonly namespace: string;
  readonly uid: string;
}

/** Who prepares a pod on its node. Earlier events are the scheduler's, and those of node autoscalers. */
const components: ReadonlySet<string> = new Set(["kubelet", "attachdetach-controller"]);

/** One request. Undefined when the last event is no warning: the kubelet has got further, and may pull the image. */
export async function startFailure(
  client: Pick<ApiClient, "list">,
  pod: PodIdentity,
): Promise<StartFailure | undefined> {
  const last = lastOf((await eventsOf(client, pod)).filter((event) => components.has(componentOf(event))));
  return last?.type === "Warning" ? { reason: last.reason ?? "", message: (last.message ?? "").trim() } : undefined;
}

/** Up to two requests. Undefined: Karpenter has not decided, or no node comes of its decision. */
export async function provisioning(
  client: Pick<ApiClient, "get" | "list">,
  pod: PodIdentity,
): Promise<Provisioning | undefined> {
  const decided = (await eventsOf(client, pod)).filter(
    (event) => componentOf(event) === karpenterComponent && podDecision(event) !== undefined,
  );
  const decision = podDecision(lastOf(decided) ?? {});
  if (decision?.kind === "Refused") return { coming: false, why: decision.why };
  if (decision?.nodeClaim === undefined) return undefined;
  const progress = await progressOf(client, decision.nodeClaim);
  return progress === undefined ? undefined : { coming: true, progress };
}

async function progressOf(client: Pick<ApiClient, "get">, nodeClaim: string): Promise<string | undefined> {
  try {
    return nodeClaimProgress(await client.get(nodeClaimType, "", nodeClaim));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) return undefined;
    // The RBAC of an earlier version lacks the right: that the node comes is known all the same.
    if (error.status === 403) return `NodeClaim ${nodeClaim}`;
    throw error;
  }
}

async function eventsOf(
  client: Pick<ApiClient, "list">,
  { namespace, uid }: PodIdentity,
): Promise<readonly CoreEvent[]> {
  const { items } = await client.list(eventType, { namespace, fieldSelector: `involvedObject.uid=${uid}` });
  return items;
}

function componentOf({ source, reportingComponent }: CoreEvent): string {
  return source?.component || (reportingComponent ?? "");
}

/** A repeated event is written again. Its timestamps have whole seconds, in which a pod may get far. */
function lastOf(events: readonly CoreEvent[]): CoreEvent | undefined {
  return events.reduce<CoreEvent | undefined>(
    (latest, event) => (latest === undefined || version(event) > version(latest) ? event : latest),
    undefined,
  );
}

function version({ metadata }: KubeObject): bigint {
  return BigInt(metadata.resourceVersion);
}
