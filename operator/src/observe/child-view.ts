/** What the caches keep of a child: who owns which of its fields, whose it is, and its status. */
import type { ChildKind } from "./child-kinds.ts";
import type { ParentRef } from "./gateway-view.ts";
import { serviceLabel } from "./names.ts";
import type { KubeObject, ObjectKey, ObjectMeta } from "../kube/object.ts";
import { ownership, type Ownership } from "../kube/ownership.ts";

/** A child as the API server has it. */
export interface LiveChild {
  readonly metadata: Pick<
    ObjectMeta,
    "name" | "namespace" | "uid" | "resourceVersion" | "deletionTimestamp" | "ownerReferences"
  >;
  readonly owned: Ownership;
}

export interface ChildView extends LiveChild {
  readonly kind: string;
  readonly generation: number;
  /** The services that this object concerns: by its owner reference, and by its label in case that was removed. */
  readonly services: readonly ObjectKey[];
  /** How many pod templates a Deployment has had; 0 of other kinds. */
  readonly revision: number;
  /** `spec.replicas` of a Deployment, the bounds of an autoscaler, the parents of a route or the ports of a Service; empty for other kinds. */
  readonly spec: ChildSpec;
  readonly status: ChildStatus;
  /** The field manager that has written the address of an Ingress; undefined for other kinds. */
  readonly addressManager?: string;
}

export interface ChildSpec {
  readonly replicas?: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
  /** Of an HTTPRoute or UDPRoute. */
  readonly parentRefs?: readonly ParentRef[];
  /** Of a Service. */
  readonly ports?: readonly ServicePort[];
}

export interface ServicePort {
  /** What Kubernetes has allocated on each node. */
  readonly nodePort?: number;
}

/** `metav1.Condition`, and the older types of conditions. */
export interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/** The members that the operator reads, of the statuses of all kinds of children. */
export interface ChildStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas?: number;
  readonly currentReplicas?: number;
  readonly desiredReplicas?: number;
  /** Name of the HorizontalPodAutoscaler that KEDA has created. */
  readonly hpaName?: string;
  readonly conditions?: readonly StatusCondition[];
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
  readonly recommendation?: {
    readonly containerRecommendations?: readonly ContainerRecommendation[];
  };
  readonly parents?: readonly RouteParentStatus[];
}

/** What a controller reports of a route and one of its parents. */
export interface RouteParentStatus {
  readonly parentRef: ParentRef;
  readonly conditions?: readonly StatusCondition[];
}

/** Of a VerticalPodAutoscaler. */
export interface ContainerRecommendation {
  readonly containerName: string;
  readonly target?: Readonly<Record<string, string>>;
}

/** Returns how an object of `kind` is kept: without its status, unless the operator reads it. */
export function viewChild(kind: ChildKind): (object: KubeObject) => ChildView {
  const { kind: name } = kind.type;
  const hasStatus = kindsWithStatus.has(name);
  return (object) => {
    const { metadata, spec = {}, status = {} } = object as KubeObject & { spec?: ChildSpec; status?: ChildStatus };
    const { namespace, uid, resourceVersion, deletionTimestamp, ownerReferences } = metadata;
    const addressManager = name === "Ingress" ? addressManagerOf(metadata) : undefined;
    return {
      kind: name,
      metadata: {
        name: metadata.name,
        uid,
        resourceVersion,
        ...(namespace === undefined ? {} : { namespace }),
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
        ...(ownerReferences === undefined ? {} : { ownerReferences }),
      },
      owned: ownership(object),
      generation: metadata.generation ?? 0,
      services: servicesOf(object),
      revision: Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0),
      spec: hasStatus ? specOf(spec) : {},
      status: hasStatus ? status : {},
      ...(addressManager === undefined ? {} : { addressManager }),
    };
  };
}

/** Is this Deployment replacing pods? */
export function isRolling({ revision, generation, status }: ChildView): boolean {
  // Until the Deployment controller observes a change, the revision is still that of the old template.
  if (generation > 1 && (status.observedGeneration ?? 0) < generation) return true;
  // The first rollout of a Deployment replaces nothing.
  if (revision <= 1) return false;
  const progressing = status.conditions?.find(({ type }) => type === "Progressing");
  return progressing !== undefined && progressing.reason !== "NewReplicaSetAvailable";
}

/** Its message is why the ReplicaSet cannot create pods. */
export function replicaFailure({ status }: Pick<ChildView, "status">): StatusCondition | undefined {
  return status.conditions?.find((condition) => condition.type === "ReplicaFailure" && condition.status === "True");
}

const kindsWithStatus: ReadonlySet<string> = new Set([
  "Deployment",
  "HorizontalPodAutoscaler",
  "ScaledObject",
  "VerticalPodAutoscaler",
  "Ingress",
  "HTTPRoute",
  "UDPRoute",
  "Service",
]);

function addressManagerOf({ managedFields = [] }: ObjectMeta): string | undefined {
  return managedFields.find(
    ({ subresource, fieldsV1 }) => subresource === "status" && fieldsV1?.["f:status"]?.["f:loadBalancer"] !== undefined,
  )?.manager;
}

function specOf({ replicas, minReplicas, maxReplicas, parentRefs, ports }: ChildSpec): ChildSpec {
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(minReplicas === undefined ? {} : { minReplicas }),
    ...(maxReplicas === undefined ? {} : { maxReplicas }),
    ...(parentRefs === undefined ? {} : { parentRefs }),
    ...(ports === undefined
      ? {}
      : { ports: ports.map(({ nodePort }) => (nodePort === undefined ? {} : { nodePort })) }),
  };
}

function servicesOf({ metadata }: KubeObject): readonly ObjectKey[] {
  const { namespace = "", labels, ownerReferences = [] } = metadata;
  const owners = ownerReferences.filter(({ kind }) => kind === "GpuMediaService");
  const label = labels?.[serviceLabel];
  const names = new Set([...owners.map(({ name }) => name), ...(label === undefined ? [] : [label])]);
  return [...names].map((name): ObjectKey => `${namespace}/${name}`);
}
