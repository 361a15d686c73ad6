/** Why a pod that is bound to a node does not start. The kubelet reports it only as an event, and events are not watched. */
import type { ApiClient } from "../kube/client.ts";
import { namespacedType, type KubeObject } from "../kube/object.ts";

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

/** Who prepares a pod on its node. Earlier events are the scheduler's, and those of node autoscalers. */
const components: ReadonlySet<string> = new Set(["kubelet", "attachdetach-controller"]);

/** One request. Undefined when the last event is no warning: the kubelet has got further, and may pull the image. */
export async function startFailure(
  client: Pick<ApiClient, "list">,
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
): Promise<StartFailure | undefined> {
  const { items } = await client.list(eventType, { namespace, fieldSelector: `involvedObject.uid=${uid}` });
  const events = (items as readonly CoreEvent[]).filter(({ source, reportingComponent }) =>
    components.has(source?.component || (reportingComponent ?? "")),
  );
  // A repeated event is written again. Its timestamps have whole seconds, in which a pod may get far.
  const last = events.reduce<CoreEvent | undefined>(
    (latest, event) => (latest === undefined || version(event) > version(latest) ? event : latest),
    undefined,
  );
  return last?.type === "Warning" ? { reason: last.reason ?? "", message: (last.message ?? "").trim() } : undefined;
}

function version({ metadata }: KubeObject): bigint {
  return BigInt(metadata.resourceVersion);
}
