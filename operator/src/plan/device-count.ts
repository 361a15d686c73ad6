/** Counts the devices of DRA that a node has for requests, and who has them. Pure. */
import type { DeviceRequest } from "../effective/gpu-request.ts";
import type { Holders } from "../observe/gpu-ledger.ts";
import type { DraSnapshot, DevicePool } from "../observe/device-ledger.ts";
import type { NodeView } from "../observe/node-view.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { DevicePlace, DeviceView } from "../observe/resource-slice-view.ts";
import { misfit } from "./device-fit.ts";
import { DeviceStock, replicasInStock, type Slot, type StockedPool } from "./device-stock.ts";
import { meetsAffinity } from "./node-affinity.ts";

/** The devices of a node that fit, and their pools. */
export interface Inventory {
  readonly pools: readonly StockedPool[];
  readonly slots: readonly Slot[];
  readonly requests: readonly DeviceRequest[];
}

export interface DeviceCount {
  readonly allocatable: number;
  readonly free: number;
  readonly holders: Holders;
  /** How many more replicas fit. */
  readonly fits: number;
  readonly inventory: Inventory;
}

function inventoryOf(
  node: NodeView,
  pools: readonly DevicePool[],
  { classes, allocations }: DraSnapshot,
  requests: readonly DeviceRequest[],
  seen: Set<DeviceView>,
): Inventory {
  const slots = pools.flatMap((pool) =>
    devicesOn(node, pool).flatMap(({ device, isLocal }): readonly Slot[] => {
      if (seen.has(device)) return [];
      const fits = requests.flatMap((request, index) =>
        misfit(request, classes, pool.driver, device) === undefined ? [index] : [],
      );
      if (fits.length === 0) return [];
      if (!isLocal) seen.add(device);
      return [{ pool, device, fits: new Set(fits) }];
    }),
  );
  const stocked = pools.map((pool) => ({ pool, allocations: allocations.get(pool.key) ?? [] }));
  return { pools: stocked.filter(({ pool }) => slots.some((slot) => slot.pool === pool)), slots, requests };
}

/**
 * What is allocatable is what fits on the node while no device is in use: of partitions of one GPU, those that the
 * scheduler would take first.
 */
function countDevices(inventory: Inventory): DeviceCount {
  const { pools, slots, requests } = inventory;
  const single = requests.map((request) => ({ ...request, count: 1 }));
  const unused = pools.map(({ pool }) => ({ pool, allocations: [] }));
  const free = replicasInStock(new DeviceStock(pools), slots, single);
  const held = heldDevices(inventory);
  const own = held.filter(({ isCounted }) => isCounted).length;
  const allocatable = Math.max(free + own, replicasInStock(new DeviceStock(unused), slots, single));
  const holders: Record<string, number> = {};
  for (const { holder } of held) holders[holder] = (holders[holder] ?? 0) + 1;
  return { allocatable, free, holders, fits: replicasInStock(new DeviceStock(pools), slots, requests), inventory };
}

/** How many replicas fit once these pods have released their devices. */
export function replicasWithout({ pools, slots, requests }: Inventory, pods: ReadonlySet<ObjectKey>): number {
  const others = pools.map(({ pool, allocations }) => ({
    pool,
    allocations: allocations.filter(({ pods: users }) => users.length === 0 || !users.every((pod) => pods.has(pod))),
  }));
  return replicasInStock(new DeviceStock(others), slots, requests);
}

interface Held {
  readonly holder: string;
  /** It is one of the devices that fit, and not another partition of their GPU. */
  readonly isCounted: boolean;
}

/** The devices that are in use and would otherwise fit, or leave room for ones that fit. */
function heldDevices({ pools, slots }: Inventory): readonly Held[] {
  const counted = new Set(slots.map(({ device }) => device));
  return pools.flatMap(({ pool, allocations }) => {
    const devices = new Map(pool.slices.flatMap((slice) => slice.devices.map((device) => [device.name, device])));
    const sets = new Set(slots.flatMap((slot) => (slot.pool === pool ? Object.keys(slot.device.consumes) : [])));
    return allocations.flatMap(({ device: name, holder }) => {
      const device = devices.get(name);
      if (device === undefined) return [];
      const isCounted = counted.has(device);
      return isCounted || Object.keys(device.consumes).some((set) => sets.has(set)) ? [{ holder, isCounted }] : [];
    });
  });
}

interface PlacedDevice {
  readonly device: DeviceView;
  /** Only this node can use it. */
  readonly isLocal: boolean;
}

function devicesOn(node: NodeView, { slices }: DevicePool): readonly PlacedDevice[] {
  return slices.flatMap(({ place, devices }) =>
    devices.flatMap((device) => {
      const at = place ?? device.place;
      return at !== undefined && reaches(at, node) ? [{ device, isLocal: "node" in at }] : [];
    }),
  );
}

function reaches(place: DevicePlace, node: NodeView): boolean {
  if ("node" in place) return place.node === node.name;
  return "everywhere" in place || meetsAffinity(node, place.terms);
}

/** The pools whose devices a node may reach. */
interface PoolsInReach {
  readonly pools: readonly DevicePool[];
  /** No other node reaches them. */
  readonly areLocal: boolean;
}

type PoolIndex = (node: string) => PoolsInReach;

const indices = new WeakMap<DraSnapshot["pools"], PoolIndex>();

/** Kept until a slice changes. */
function poolIndex({ pools }: DraSnapshot): PoolIndex {
  const known = indices.get(pools) ?? indexPools(pools);
  indices.set(pools, known);
  return known;
}

function indexPools(pools: DraSnapshot["pools"]): PoolIndex {
  const local = new Map<string, Set<DevicePool>>();
  const shared = new Set<DevicePool>();
  for (const pool of pools.filter(({ isUsable }) => isUsable)) {
    for (const place of pool.slices.flatMap((slice) => slice.place ?? slice.devices.map((device) => device.place))) {
      if (place === undefined) continue;
      if (!("node" in place)) shared.add(pool);
      else local.set(place.node, (local.get(place.node) ?? new Set<DevicePool>()).add(pool));
    }
  }
  return (node) => {
    const own = local.get(node) ?? new Set<DevicePool>();
    if (shared.size === 0) return { pools: [...own], areLocal: true };
    return { pools: pools.filter((pool) => shared.has(pool) || own.has(pool)), areLocal: false };
  };
}

/** Those that a node may reach. */
export function poolsOfNode({ name }: NodeView, dra: DraSnapshot): readonly DevicePool[] {
  return poolIndex(dra)(name).pools;
}

/** Can a device be used from several nodes? */
export function hasSharedDevices(dra: DraSnapshot): boolean {
  return !poolIndex(dra)("").areLocal;
}

interface Counted {
  readonly inputs: readonly unknown[];
  readonly count: DeviceCount | undefined;
}

/** By node and request: a change of one node's devices does not cost a count of all nodes. */
const counts = new WeakMap<NodeView, Map<string, Counted>>();

/**
 * Undefined when the node has no device that fits. `key` identifies the requests. `seen` has the devices that other nodes can
 * use, too, and that have been counted there.
 */
export function devicesOfNode(
  node: NodeView,
  dra: DraSnapshot,
  { requests, key }: { readonly requests: readonly DeviceRequest[]; readonly key: string },
  seen: Set<DeviceView>,
): DeviceCount | undefined {
  const { pools, areLocal } = poolIndex(dra)(node.name);
  if (pools.length === 0) return undefined;
  const inputs = [dra.classes, ...pools, ...pools.map((pool) => dra.allocations.get(pool.key))];
  const ofNode = counts.get(node) ?? new Map<string, Counted>();
  const before = areLocal ? ofNode.get(key) : undefined;
  if (before?.inputs.length === inputs.length && before.inputs.every((one, index) => one === inputs[index])) {
    return before.count;
  }
  const inventory = inventoryOf(node, pools, dra, requests, seen);
  const count = inventory.slots.length === 0 ? undefined : countDevices(inventory);
  counts.set(node, ofNode.set(key, { inputs, count }));
  return count;
}
