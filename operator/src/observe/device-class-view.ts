/** What the operator reads of a DeviceClass: which devices belong to it, and the extended resource that it stands for. */
import { clusterType, type KubeObject } from "../kube/object.ts";

export const deviceClassType = clusterType("resource.k8s.io/v1", "DeviceClass", "deviceclasses");

export interface DeviceClassView {
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** CEL expressions, all of which a device must meet. */
  readonly selectors: readonly string[];
  /** Undefined: none. An API server without DRAExtendedResource drops the field. */
  readonly extendedResource: string | undefined;
}

interface DeviceClass extends KubeObject {
  readonly spec?: { readonly selectors?: readonly CelSelector[]; readonly extendedResourceName?: string };
}

interface CelSelector {
  readonly cel?: { readonly expression?: string };
}

export function viewDeviceClass(object: KubeObject): DeviceClassView {
  const { metadata, spec = {} } = object as DeviceClass;
  return {
    name: metadata.name,
    createdAt: metadata.creationTimestamp,
    selectors: (spec.selectors ?? []).map(({ cel }) => cel?.expression ?? ""),
    extendedResource: spec.extendedResourceName,
  };
}

/** Each DeviceClass is an extended resource of this prefix and its name, too (KEP-5004). */
const implicitPrefix = "deviceclass.resource.kubernetes.io/";

export function isOfDeviceClass(resource: string): boolean {
  return resource.startsWith(implicitPrefix);
}

/**
 * The class whose devices stand for an extended resource. Of several, the scheduler takes the one that was created last,
 * and of those the first by name.
 */
export function classOfResource(
  classes: ReadonlyMap<string, DeviceClassView>,
  resource: string,
): DeviceClassView | undefined {
  if (isOfDeviceClass(resource)) return classes.get(resource.slice(implicitPrefix.length));
  const candidates = [...classes.values()].filter(({ extendedResource }) => extendedResource === resource);
  return candidates.toSorted((a, b) => {
    if (a.createdAt !== b.createdAt) return a.createdAt > b.createdAt ? -1 : 1;
    return a.name < b.name ? -1 : 1;
  })[0];
}

/** As which extended resources quotas count the devices of a class. */
export function resourcesOfClass({ name, extendedResource }: DeviceClassView): readonly string[] {
  return [`${implicitPrefix}${name}`, ...(extendedResource === undefined ? [] : [extendedResource])];
}
