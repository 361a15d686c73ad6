/** Karpenter: it adds nodes for pods that wait, and removes nodes that it can do without, as its version 1.15.0 does (docs/neighbours.md). */
import { clusterType, type KubeObject } from "../kube/object.ts";

/** Karpenter disrupts no pod that has it with the value `true`. */
export const doNotDisruptAnnotation = "karpenter.sh/do-not-disrupt";
/** Of the nodes that Karpenter manages. */
export const karpenterNodeLabel = "karpenter.sh/nodepool";
/** Cluster-scoped: a node that Karpenter adds, from the decision until the node is removed. */
export const nodeClaimType = clusterType("karpenter.sh/v1", "NodeClaim", "nodeclaims");
/** The component of its events. */
export const karpenterComponent = "karpenter";

/** What Karpenter does for a pod without a node. */
export type Provisioning =
  /** `progress` is the predicate of a sentence whose subject is the pod. */
  | { readonly coming: true; readonly progress: string }
  /** Karpenter's words. */
  | { readonly coming: false; readonly why: string };

/** What one of its events of a pod states. `nodeClaim` is undefined where the pod is to run on a node that Karpenter does not manage. */
export type PodDecision =
  | { readonly kind: "Nominated"; readonly nodeClaim: string | undefined }
  | { readonly kind: "Refused"; readonly why: string };

/** Undefined for an event of another reason. The messages are those of its scheduling/events.go. */
export function podDecision(event: { readonly reason?: string; readonly message?: string }): PodDecision | undefined {
  const { reason, message = "" } = event;
  if (reason === "Nominated") {
    return { kind: "Nominated", nodeClaim: /: nodeclaim\/(?<name>[^\s,]+)/.exec(message)?.groups?.name };
  }
  if (reason === "FailedScheduling") {
    return { kind: "Refused", why: message.replace(/^Failed to schedule pod, /, "").trim() };
  }
  return undefined;
}

interface NodeClaim extends KubeObject {
  readonly status?: {
    readonly nodeName?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** How far the NodeClaim is; undefined: it is being deleted, or its node is ready, so no node is still to come. */
export function nodeClaimProgress(object: KubeObject): string | undefined {
  const { metadata, status = {} } = object as NodeClaim;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const claim = `NodeClaim ${metadata.name}`;
  const pending = stages.find((type) => status.conditions?.find((one) => one.type === type)?.status !== "True");
  const message = status.conditions?.find(({ type }) => type === pending)?.message ?? "";
  const why = message === "" || message === notEvaluated ? "" : `: ${message.trim()}`;
  switch (pending) {
    case "Launched":
      return `${claim} is not launched yet${why}`;
    case "Registered":
      return `${claim} is launched, and its node has not registered yet`;
    case "Initialized":
      return `node ${status.nodeName ?? ""} of ${claim} is not ready for pods yet${why}`;
    case undefined:
      return undefined;
  }
}

/** A node passes them in this order: its nodeclaim/lifecycle. */
const stages = ["Launched", "Registered", "Initialized"] as const;
const notEvaluated = "object is awaiting reconciliation";

/** The predicate of a sentence whose subject is the pod. */
export function awaitsNode(progress: string): string {
  return `is waiting for a node from Karpenter: ${progress}`;
}

/** Follows what the pod waits for; empty where Karpenter has not refused to add a node. */
export function refusalText(provisioning: Provisioning | undefined): string {
  return provisioning?.coming === false ? `; Karpenter adds no node for it: ${provisioning.why}` : "";
}
