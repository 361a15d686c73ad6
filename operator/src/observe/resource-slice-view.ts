/** What the operator reads of a ResourceSlice: the devices that a DRA driver offers, and on which nodes. */
import { quantityValue } from "@gpumedia/api";
import { clusterType, type KubeObject } from "../kube/object.ts";
import { viewTaint, type Taint } from "./node-view.ts";

export const resourceSliceType = clusterType("resource.k8s.io/v1", "ResourceSlice", "resourceslices");

export interface ResourceSliceView {
  readonly name: string;
  readonly driver: string;
  readonly pool: {
    readonly name: string;
    /** The driver raises it when it replaces the slices of the pool. */
    readonly generation: number;
    /** How many slices of this generation make up the pool. */
    readonly slices: number;
  };
  /** Undefined: each device has its own. */
  readonly place: DevicePlace | undefined;
  /** What devices of the pool share: counters by name, by set. */
  readonly counterSets: Readonly<Record<string, Counters>>;
  readonly devices: readonly DeviceView[];
}

/** The nodes that can use a device. */
export type DevicePlace =
  | { readonly node: string }
  | { readonly everywhere: true }
  /** As in `requiredDuringSchedulingIgnoredDuringExecution` of a node affinity. */
  | { readonly terms: readonly SelectorTerm[] };

interface SelectorTerm {
  readonly matchExpressions?: readonly SelectorRequirement[];
  readonly matchFields?: readonly SelectorRequirement[];
}

interface SelectorRequirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export type Counters = Readonly<Record<string, number>>;

export interface DeviceView {
  readonly name: string;
  readonly place: DevicePlace | undefined;
  /** By name, with a domain or without: then the driver's. */
  readonly attributes: Readonly<Record<string, DeviceAttribute>>;
  readonly capacity: Readonly<Record<string, DeviceCapacity>>;
  readonly taints: readonly Taint[];
  /** What the device takes from the counter sets of its pool: partitions of one GPU share them. */
  readonly consumes: Readonly<Record<string, Counters>>;
  /** Several claims may share it, as far as its capacity goes. */
  readonly isShareable: boolean;
}

export interface DeviceAttribute {
  readonly string?: string;
  readonly bool?: boolean;
  readonly int?: number;
  readonly version?: string;
}

export interface DeviceCapacity {
  /** A quantity. */
  readonly value: string;
  /** How much a claim takes of a shareable device. */
  readonly requestPolicy?: {
    readonly default?: string;
    readonly validValues?: readonly string[];
    readonly validRange?: { readonly min?: string; readonly max?: string; readonly step?: string };
  };
}

interface ResourceSlice extends KubeObject {
  readonly spec: {
    readonly driver: string;
    readonly pool: { readonly name: string; readonly generation: number; readonly resourceSliceCount: number };
    readonly perDeviceNodeSelection?: boolean;
    readonly sharedCounters?: readonly CounterSet[];
    readonly devices?: readonly Device[];
  } & Placed;
}

interface Placed {
  readonly nodeName?: string;
  readonly allNodes?: boolean;
  readonly nodeSelector?: { readonly nodeSelectorTerms?: readonly SelectorTerm[] };
}

type RawCounters = Readonly<Record<string, { readonly value: string }>>;

interface CounterSet {
  readonly name: string;
  readonly counters?: RawCounters;
}

interface Device extends Placed {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, DeviceAttribute>>;
  readonly capacity?: Readonly<Record<string, DeviceCapacity>>;
  readonly taints?: readonly Taint[];
  readonly consumesCounters?: readonly { readonly counterSet: string; readonly counters?: RawCounters }[];
  readonly allowMultipleAllocations?: boolean;
}

export function viewResourceSlice(object: KubeObject): ResourceSliceView {
  const { metadata, spec } = object as ResourceSlice;
  const { name, generation, resourceSliceCount } = spec.pool;
  return {
    name: metadata.name,
    driver: spec.driver,
    pool: { name, generation, slices: resourceSliceCount },
    place: placeOf(spec),
    counterSets: Object.fromEntries((spec.sharedCounters ?? []).map((set) => [set.name, countersOf(set.counters)])),
    devices: (spec.devices ?? []).map(viewDevice),
  };
}

function viewDevice(device: Device): DeviceView {
  const { consumesCounters = [], taints = [] } = device;
  return {
    name: device.name,
    place: placeOf(device),
    attributes: device.attributes ?? {},
    capacity: device.capacity ?? {},
    taints: taints.map(viewTaint),
    consumes: Object.fromEntries(consumesCounters.map((one) => [one.counterSet, countersOf(one.counters)])),
    isShareable: device.allowMultipleAllocations === true,
  };
}

function placeOf({ nodeName, allNodes, nodeSelector }: Placed): DevicePlace | undefined {
  if (nodeName !== undefined && nodeName !== "") return { node: nodeName };
  if (allNodes === true) return { everywhere: true };
  return nodeSelector === undefined ? undefined : { terms: nodeSelector.nodeSelectorTerms ?? [] };
}

function countersOf(counters: RawCounters = {}): Counters {
  return Object.fromEntries(Object.entries(counters).map(([name, { value }]) => [name, quantityValue(value)]));
}
