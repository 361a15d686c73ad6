/** Why the pod of a Job does not run, although the Job does: from the pod, or from the Job's events while it has none. */
import type { ApiClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import type { StatusCondition } from "../observe/child-view.ts";
import { podType } from "../observe/cluster-cache.ts";
import { eventType, type CoreEvent } from "../observe/pod-events.ts";
import { exceedsQuota } from "../plan/failure.ts";
import { containerName } from "./job.ts";
import type { JobView } from "./cache.ts";

export type PodStart =
  /** The pod runs, or has run. */
  | { readonly kind: "Started" }
  /** The client has ended, and an injected proxy beside it runs on: the Job would never complete. */
  | { readonly kind: "Ended"; readonly exitCode: number; readonly message: string }
  /** It may still start. */
  | { readonly kind: "Pending"; readonly reason: "Starting" | "QuotaExceeded"; readonly why: string }
  /** The API server rejects the pod, and will reject the next one: the Job would retry until its deadline. */
  | { readonly kind: "Forbidden"; readonly message: string };

interface JobPod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly StatusCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name?: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode?: number; readonly message?: string };
  };
}

/** Two requests at most. The pods and events of Jobs are not watched: they matter for some seconds. */
export async function podStart(
  client: Pick<ApiClient, "list">,
  namespace: string,
  { name, uid, conditions }: Pick<JobView, "name" | "uid" | "conditions">,
): Promise<PodStart> {
  const labelSelector = `batch.kubernetes.io/job-name=${name}`;
  const { items: pods } = await client.list(podType, { namespace, labelSelector });
  const [pod] = pods as readonly JobPod[];
  if (pod !== undefined) return startOf(pod);
  const suspended = conditions.find(({ type, status }) => type === "Suspended" && status === "True");
  if (suspended !== undefined) return pending(`it is suspended: ${suspended.message ?? ""}`);
  const fieldSelector = `involvedObject.uid=${uid},reason=FailedCreate`;
  const { items: events } = await client.list(eventType, { namespace, fieldSelector });
  const [last] = (events as readonly CoreEvent[]).toSorted((a, b) =>
    (b.lastTimestamp ?? "").localeCompare(a.lastTimestamp ?? ""),
  );
  return last === undefined ? pending("it has no pod yet") : failedCreate(last.message ?? "");
}

function startOf({ metadata, status = {} }: JobPod): PodStart {
  const { phase = "Pending", conditions = [], initContainerStatuses = [], containerStatuses = [] } = status;
  const client = containerStatuses.find(({ name }) => name === containerName)?.state?.terminated;
  if (phase === "Running" && client !== undefined) {
    return { kind: "Ended", exitCode: client.exitCode ?? 0, message: client.message ?? "" };
  }
  if (phase !== "Pending") return { kind: "Started" };
  const scheduled = conditions.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False")
    return pending(`pod ${metadata.name} cannot be scheduled: ${scheduled.message ?? ""}`);
  const waiting = [...initContainerStatuses, ...containerStatuses]
    .map(({ state }) => state?.waiting)
    .find((one) => one?.message !== undefined);
  const why = waiting && `pod ${metadata.name} cannot start: ${waiting.reason ?? ""}: ${waiting.message ?? ""}`;
  return pending(why ?? `pod ${metadata.name} is starting`);
}

/**
 * An exceeded quota may become free, a webhook may respond again, and the controller of a new quota fills it in: the Job
 * tries again. What remains is the pod itself.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/resourcequota/controller.go
 */
function failedCreate(message: string): PodStart {
  const words = message.replace(/^Error creating: /, "");
  if (exceedsQuota(words)) return { ...pending(words), reason: "QuotaExceeded" };
  const isFinal =
    / is (?:forbidden|invalid): | denied the request/.test(words) && !/status unknown for quota/.test(words);
  return isFinal ? { kind: "Forbidden", message: `${words}; ${nextStep(words)}` } : pending(words);
}

function nextStep(words: string): string {
  const isAboutResources = /must specify |\.resources\b|(?:minimum|maximum) \S+ usage|usage per/.test(words);
  return isAboutResources
    ? "set spec.resources in a new test, and spec.regression.resources of the service for those after a rollout"
    : "create a new test once the policy admits the pod";
}

function pending(why: string): PodStart & { readonly kind: "Pending" } {
  return { kind: "Pending", reason: "Starting", why };
}
