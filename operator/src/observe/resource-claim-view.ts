/** What the operator reads of a ResourceClaim: which devices it has, and which pods use it. */
import { quantityValue } from "@gpumedia/api";
import { namespacedType, objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";

export const resourceClaimType = namespacedType("resource.k8s.io/v1", "ResourceClaim", "resourceclaims");

export interface ResourceClaimView {
  readonly key: ObjectKey;
  /** Its pod, if a controller or the scheduler has created the claim for one; otherwise those that use it. */
  readonly pods: readonly ObjectKey[];
  /** The allocated devices; none before the claim is allocated. */
  readonly devices: readonly AllocatedDevice[];
}

export interface AllocatedDevice {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  /** The claim has a share of the device. */
  readonly isShare: boolean;
  /** What the share takes of the device's capacity. */
  readonly consumed: Readonly<Record<string, number>>;
}

interface ResourceClaim extends KubeObject {
  readonly status?: {
    readonly allocation?: { readonly devices?: { readonly results?: readonly AllocationResult[] } };
    readonly reservedFor?: readonly { readonly resource: string; readonly name: string }[];
  };
}

interface AllocationResult {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly adminAccess?: boolean;
  readonly shareID?: string;
  readonly consumedCapacity?: Readonly<Record<string, string>>;
}

export function viewResourceClaim(object: KubeObject): ResourceClaimView {
  const { metadata, status = {} } = object as ResourceClaim;
  const { namespace = "", ownerReferences = [] } = metadata;
  const owner = ownerReferences.find(({ kind, controller }) => controller === true && kind === "Pod");
  const users = (status.reservedFor ?? []).filter(({ resource }) => resource === "pods").map(({ name }) => name);
  return {
    key: objectKey(object),
    pods: (owner === undefined ? users : [owner.name]).map((name) => `${namespace}/${name}` as const),
    devices: (status.allocation?.devices?.results ?? [])
      // Monitoring has admin access to devices that others use: the scheduler does not count it either.
      .filter(({ adminAccess }) => adminAccess !== true)
      .map(viewAllocation),
  };
}

function viewAllocation({ driver, pool, device, shareID, consumedCapacity = {} }: AllocationResult): AllocatedDevice {
  const consumed = Object.entries(consumedCapacity).map(([name, value]) => [name, quantityValue(value)] as const);
  return { driver, pool, device, isShare: shareID !== undefined, consumed: Object.fromEntries(consumed) };
}
