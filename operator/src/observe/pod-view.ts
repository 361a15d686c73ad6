/** What the caches keep of a pod: why it is not ready, and which GPUs it holds. */
import { containerName, deletionCostAnnotation, disruptionManager, serviceLabel } from "./names.ts";
import { fieldManager } from "../kube/ownership.ts";
import type { KubeObject, ObjectKey } from "../kube/object.ts";
import { doNotDisruptAnnotation, type Provisioning } from "../neighbours/karpenter.ts";
import type { StatusCondition } from "./child-view.ts";
import { isOfDeviceClass } from "./device-class-view.ts";
import type { StartFailure } from "./pod-events.ts";

export interface PodView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** The GpuMediaService of the pod; undefined for a pod that only holds GPUs. */
  readonly service: ObjectKey | undefined;
  /** For selectors; empty for a pod that only holds GPUs. */
  readonly labels: Readonly<Record<string, string>>;
  /** The ReplicaSet's: pods of one rollout share it. */
  readonly templateHash: string | undefined;
  /** Its controller, if that is a ReplicaSet. */
  readonly replicaSet: { readonly name: string; readonly uid: string } | undefined;
  /** The node that it is bound to; undefined while it is pending. */
  readonly node: string | undefined;
  readonly ip: string | undefined;
  readonly phase: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** When its grace period ends, RFC 3339; undefined: it is not terminating. */
  readonly terminatesBy: string | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Extended resources that it holds or waits for, by name: `nvidia.com/gpu`. */
  readonly devices: Readonly<Record<string, number>>;
  /** Names in its spec of the ResourceClaims whose devices it has or waits for. */
  readonly claims: readonly string[];
  /** A controller has still to create one of these claims, which a quota may forbid. */
  readonly lacksClaim: boolean;
  /** The scheduler's message while no node fits. */
  readonly unschedulable: string | undefined;
  /** Its scheduling gates: the scheduler ignores the pod until their controllers have removed them all. */
  readonly gates: readonly string[];
  /** Why the kubelet failed the pod, such as a rejection at admission or an eviction. The pod never runs again. */
  readonly failed:
    | { readonly reason: string; readonly message: string; /** RFC 3339. */ readonly at: string }
    | undefined;
  /** Why it has not started on its node, of its events; undefined: not known, or it has started. */
  readonly startFailure: StartFailure | undefined;
  /** What Karpenter does for it while it has no node; undefined: not known, or nothing. */
  readonly provisioning: Provisioning | undefined;
  readonly container: ContainerView | undefined;
  /** The first other container that keeps the pod from being ready: an init container, or a sidecar. */
  readonly blocking: BlockingContainer | undefined;
  /** A device of the processor that the device plugin or the DRA driver reports as unhealthy: its name, and why. */
  readonly unhealthyDevice: string | undefined;
  /** The value of the deletion cost annotation; undefined: there is none. */
  readonly deletionCost: { readonly value: string; readonly ours: boolean } | undefined;
  /** Karpenter's annotation; undefined: there is none. */
  readonly doNotDisrupt: { readonly ours: boolean } | undefined;
}

/** A container, as the kubelet reports it. */
export interface ContainerView {
  readonly restarts: number;
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  readonly running: boolean;
  /** Its startup probe has succeeded, or it has none. */
  readonly started: boolean;
  /** As last reported: it stays true while the node does not report, although the pod is no longer ready. */
  readonly ready: boolean;
  /** How it terminated, now or the last time. */
  readonly ended:
    | { readonly exitCode: number; readonly reason: string; readonly message: string; readonly signal: number }
    | undefined;
}

export interface BlockingContainer extends ContainerView {
  readonly name: string;
  /** The processor starts only after it. */
  readonly comesFirst: boolean;
}

interface Pod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly schedulingGates?: readonly { readonly name: string }[];
    readonly resourceClaims?: readonly { readonly name: string; readonly resourceClaimTemplateName?: string }[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
    readonly containers?: readonly {
      readonly name: string;
      readonly resources?: {
        readonly limits?: Readonly<Record<string, string>>;
        readonly requests?: Readonly<Record<string, string>>;
      };
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    /** The kubelet's, of a pod that it failed. */
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly resourceClaimStatuses?: readonly { readonly name: string }[];
    readonly conditions?: readonly StatusCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
  /** KEP-4680, on by default since Kubernetes 1.36. */
  readonly allocatedResourcesStatus?: readonly {
    readonly name: string;
    readonly resources?: readonly {
      readonly resourceID: string;
      readonly health?: string;
      readonly message?: string;
    }[];
  }[];
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: {
    readonly exitCode?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly signal?: number;
  };
}

/** Undefined for a pod that belongs to no service and holds no device: most pods of a cluster. */
export function viewPod(object: KubeObject): PodView | undefined {
  const { metadata, spec = {}, status = {} } = object as Pod;
  const namespace = metadata.namespace ?? "";
  const service = metadata.labels?.[serviceLabel];
  const devices = devicesOf(spec);
  if (service === undefined && Object.keys(devices).length === 0) return undefined;
  const condition = (type: string): StatusCondition | undefined =>
    status.conditions?.find((candidate) => candidate.type === type);
  const scheduled = condition("PodScheduled");
  const processor = status.containerStatuses?.find(({ name }) => name === containerName);
  return {
    name: metadata.name,
    namespace,
    uid: metadata.uid,
    service: service === undefined ? undefined : `${namespace}/${service}`,
    labels: service === undefined ? {} : (metadata.labels ?? {}),
    templateHash: metadata.labels?.["pod-template-hash"],
    replicaSet: replicaSetOf(metadata),
    node: spec.nodeName,
    ip: status.podIP,
    phase: status.phase ?? "Pending",
    ready: condition("Ready")?.status === "True",
    terminating: metadata.deletionTimestamp !== undefined,
    terminatesBy: metadata.deletionTimestamp,
    createdAt: metadata.creationTimestamp,
    devices,
    claims: spec.resourceClaims?.map(({ name }) => name) ?? [],
    lacksClaim: lacksClaim(spec, status),
    // A quota may forbid the claim that the scheduler creates for an extended resource, which is an error of the scheduler.
    unschedulable: notScheduled.has(scheduled?.reason ?? "") ? (scheduled?.message ?? "") : undefined,
    gates: spec.schedulingGates?.map(({ name }) => name) ?? [],
    failed: failureOf(metadata, status),
    startFailure: undefined,
    provisioning: undefined,
    container: containerView(processor),
    blocking: service === undefined ? undefined : blockingContainer(spec, status),
    unhealthyDevice: unhealthyDevice(processor),
    deletionCost: annotationOf(metadata, deletionCostAnnotation, fieldManager),
    doNotDisrupt: doNotDisruptOf(metadata),
  };
}

const notScheduled: ReadonlySet<string> = new Set(["Unschedulable", "SchedulerError"]);

function lacksClaim(
  { resourceClaims = [] }: NonNullable<Pod["spec"]>,
  { resourceClaimStatuses = [] }: NonNullable<Pod["status"]>,
): boolean {
  const created = new Set(resourceClaimStatuses.map(({ name }) => name));
  return resourceClaims.some((claim) => claim.resourceClaimTemplateName !== undefined && !created.has(claim.name));
}

/**
 * The kubelet starts init containers one after the other. One that has succeeded, or a sidecar that has started, lets the
 * next one start; the pod is ready when all sidecars and containers are.
 */
function blockingContainer(
  { initContainers = [] }: NonNullable<Pod["spec"]>,
  { initContainerStatuses = [], containerStatuses = [] }: NonNullable<Pod["status"]>,
): BlockingContainer | undefined {
  const isSidecar = (name: string): boolean =>
    initContainers.some((one) => one.name === name && one.restartPolicy === "Always");
  const first = initContainerStatuses.find(({ name, started, state }) =>
    isSidecar(name) ? started !== true : state?.terminated?.exitCode !== 0,
  );
  const beside = [
    ...initContainerStatuses.filter(({ name }) => isSidecar(name)),
    ...containerStatuses.filter(({ name }) => name !== containerName),
  ].find(({ ready }) => ready === false);
  const status = first ?? beside;
  const view = containerView(status);
  return status && view && { name: status.name, comesFirst: status === first, ...view };
}

/** The pod garbage collector fails the pods of a removed node without a reason, and deletes them. */
function failureOf(
  { creationTimestamp, managedFields = [] }: KubeObject["metadata"],
  { phase, reason, message = "" }: NonNullable<Pod["status"]>,
): PodView["failed"] {
  if (phase !== "Failed" || reason === undefined) return undefined;
  // No field of the status has the time of a rejection. The kubelet does not write the status of a failed pod again.
  const written = managedFields.filter(({ subresource }) => subresource === "status").map(({ time = "" }) => time);
  return { reason, message, at: [creationTimestamp, ...written].toSorted().at(-1) ?? creationTimestamp };
}

/** Ours only if this operator owns the field: a value from the pod template or from a user stays. */
function annotationOf(
  { annotations, managedFields = [] }: KubeObject["metadata"],
  name: string,
  manager: string,
): { readonly value: string; readonly ours: boolean } | undefined {
  const value = annotations?.[name];
  if (value === undefined) return undefined;
  const ours = managedFields.some(
    (entry) =>
      entry.manager === manager && entry.fieldsV1?.["f:metadata"]?.["f:annotations"]?.[`f:${name}`] !== undefined,
  );
  return { value, ours };
}

function doNotDisruptOf(metadata: KubeObject["metadata"]): PodView["doNotDisrupt"] {
  const found = annotationOf(metadata, doNotDisruptAnnotation, disruptionManager);
  return found && { ours: found.ours };
}

function replicaSetOf({ ownerReferences }: KubeObject["metadata"]): PodView["replicaSet"] {
  const owner = ownerReferences?.find(({ kind, controller }) => controller === true && kind === "ReplicaSet");
  return owner && { name: owner.name, uid: owner.uid };
}

function unhealthyDevice({ allocatedResourcesStatus = [] }: Partial<ContainerStatus> = {}): string | undefined {
  const devices = allocatedResourcesStatus.flatMap(({ name, resources = [] }) =>
    resources.map((device) => ({ name, ...device })),
  );
  const unhealthy = devices.find(({ health }) => health === "Unhealthy");
  if (unhealthy === undefined) return undefined;
  const { name, resourceID, message = "" } = unhealthy;
  return `${name} ${resourceID}: ${message === "" ? "unhealthy" : message}`;
}

/** The built-in resources have no domain, or one that ends in kubernetes.io, except those of DeviceClasses. */
function devicesOf({ containers = [] }: NonNullable<Pod["spec"]>): Readonly<Record<string, number>> {
  const devices: Record<string, number> = {};
  for (const { resources } of containers) {
    // An extended resource's request equals its limit, and either may be left out.
    for (const [name, quantity] of Object.entries({ ...resources?.requests, ...resources?.limits })) {
      if (isExtended(name)) devices[name] = (devices[name] ?? 0) + Number(quantity);
    }
  }
  return devices;
}

export function isExtended(resource: string): boolean {
  if (isOfDeviceClass(resource)) return true;
  return resource.includes("/") && !resource.slice(0, resource.indexOf("/")).endsWith("kubernetes.io");
}

function containerView(status: ContainerStatus | undefined): ContainerView | undefined {
  if (status === undefined) return undefined;
  const { state = {}, lastState = {} } = status;
  const ended = state.terminated ?? lastState.terminated;
  return {
    restarts: status.restartCount ?? 0,
    waiting: state.waiting && { reason: state.waiting.reason ?? "", message: state.waiting.message ?? "" },
    running: state.running !== undefined,
    started: status.started !== false,
    ready: status.ready === true,
    ended: ended && {
      exitCode: ended.exitCode ?? 0,
      reason: ended.reason ?? "",
      message: ended.message ?? "",
      signal: ended.signal ?? 0,
    },
  };
}
