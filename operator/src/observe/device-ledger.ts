/**
 * The devices that DRA drivers offer, and who has them. Kept current by each change, as in gpu-ledger.ts; only the pools
 * that a change concerns are counted again.
 */
import type { ObjectKey } from "../kube/object.ts";
import { currentOf, previousOf, type StoreChange } from "../runtime/store.ts";
import type { DeviceClassView } from "./device-class-view.ts";
import type { DeviceTaintRuleView } from "./device-taint-rule-view.ts";
import type { PodView } from "./pod-view.ts";
import type { AllocatedDevice, ResourceClaimView } from "./resource-claim-view.ts";
import type { DeviceView, ResourceSliceView } from "./resource-slice-view.ts";

/** `driver/name`. */
export type PoolKey = `${string}/${string}`;

export interface DevicePool {
  readonly key: PoolKey;
  readonly driver: string;
  /** Of the highest generation, by name: the order in which the scheduler tries them. */
  readonly slices: readonly ResourceSliceView[];
  /** False: a slice is missing, as while its driver replaces them, or they contradict each other. The scheduler skips it. */
  readonly isUsable: boolean;
}

export interface Allocation extends AllocatedDevice {
  /** A service (`media/upscaler`), a pod of none, or a claim without a pod. */
  readonly holder: string;
  /** The pods that use it. */
  readonly pods: readonly ObjectKey[];
}

/** What DRA offers, at one moment. */
export interface DraSnapshot {
  readonly classes: ReadonlyMap<string, DeviceClassView>;
  /** By key. */
  readonly pools: readonly DevicePool[];
  readonly allocations: ReadonlyMap<PoolKey, readonly Allocation[]>;
}

export class DeviceLedger {
  #classes: ReadonlyMap<string, DeviceClassView> = new Map();
  readonly #taintRules = new Map<string, DeviceTaintRuleView>();
  readonly #slices = new Map<PoolKey, Map<string, ResourceSliceView>>();
  readonly #claims = new Map<PoolKey, Map<ObjectKey, ResourceClaimView>>();
  /** The pools of the devices that pods have, by claim: a holder is named by the label of its pod, which may arrive later. */
  readonly #poolsOfPod = new Map<ObjectKey, Map<ObjectKey, ReadonlySet<PoolKey>>>();
  readonly #serviceOf: (pod: ObjectKey) => ObjectKey | undefined;
  /** Replaced when a pool changes, never changed in place, because snapshots share the values. */
  readonly #pools = new Map<PoolKey, DevicePool>();
  readonly #allocations = new Map<PoolKey, readonly Allocation[]>();
  /** Undefined after a change of a slice or a taint. */
  #list: readonly DevicePool[] | undefined;
  /** Undefined after a change. */
  #snapshot: DraSnapshot | undefined;

  constructor(serviceOf: (pod: ObjectKey) => ObjectKey | undefined) {
    this.#serviceOf = serviceOf;
  }

  /** The value does not change later. */
  snapshot(): DraSnapshot {
    this.#list ??= [...this.#slices.keys()].toSorted().map((key) => this.#pool(key));
    this.#snapshot ??= {
      classes: this.#classes,
      pools: this.#list,
      allocations: new Map([...this.#claims.keys()].map((key) => [key, this.#allocated(key)])),
    };
    return this.#snapshot;
  }

  /** These are for an API that is no longer served. */
  forgetClasses(): void {
    this.#classes = new Map();
    this.#snapshot = undefined;
  }

  forgetTaintRules(): void {
    this.#taintRules.clear();
    this.#pools.clear();
    this.#snapshot = this.#list = undefined;
  }

  forgetSlices(): void {
    this.#slices.clear();
    this.#pools.clear();
    this.#snapshot = this.#list = undefined;
  }

  forgetClaims(): void {
    for (const kept of [this.#claims, this.#poolsOfPod, this.#allocations]) kept.clear();
    this.#snapshot = undefined;
  }

  readonly observeClass = (change: StoreChange<DeviceClassView>): void => {
    const [before, now] = [previousOf(change), currentOf(change)];
    const classes = new Map(this.#classes);
    if (before !== undefined) classes.delete(before.name);
    if (now !== undefined) classes.set(now.name, now);
    this.#classes = classes;
    this.#snapshot = undefined;
  };

  readonly observeTaintRule = (change: StoreChange<DeviceTaintRuleView>): void => {
    const [before, now] = [previousOf(change), currentOf(change)];
    if (before !== undefined) this.#taintRules.delete(before.name);
    if (now !== undefined) this.#taintRules.set(now.name, now);
    this.#pools.clear();
    this.#snapshot = this.#list = undefined;
  };

  readonly observeSlice = (change: StoreChange<ResourceSliceView>): void => {
    const [before, now] = [previousOf(change), currentOf(change)];
    if (before !== undefined) removeFrom(this.#slices, poolOf(before), before.name);
    if (now !== undefined) addTo(this.#slices, poolOf(now), now.name, now);
    for (const slice of [before, now]) if (slice !== undefined) this.#pools.delete(poolOf(slice));
    this.#snapshot = this.#list = undefined;
  };

  readonly observeClaim = (change: StoreChange<ResourceClaimView>): void => {
    const [before, now] = [previousOf(change), currentOf(change)];
    for (const pool of poolsOf(before)) removeFrom(this.#claims, this.#changed(pool), change.key);
    for (const pod of before?.pods ?? []) removeFrom(this.#poolsOfPod, pod, change.key);
    if (now === undefined) return;
    for (const pool of poolsOf(now)) addTo(this.#claims, this.#changed(pool), change.key, now);
    for (const pod of now.pods) addTo(this.#poolsOfPod, pod, change.key, poolsOf(now));
  };

  readonly observePod = (change: StoreChange<PodView | undefined>): void => {
    if (previousOf(change)?.service === currentOf(change)?.service) return;
    for (const pools of this.#poolsOfPod.get(change.key)?.values() ?? []) {
      for (const pool of pools) this.#changed(pool);
    }
  };

  /** Other allocations than before. */
  #changed(pool: PoolKey): PoolKey {
    this.#snapshot = undefined;
    this.#allocations.delete(pool);
    return pool;
  }

  #pool(key: PoolKey): DevicePool {
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const all = [...(this.#slices.get(key)?.values() ?? [])];
    const generation = Math.max(...all.map(({ pool }) => pool.generation));
    const current = all.filter(({ pool }) => pool.generation === generation);
    const slices = current.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((slice) => this.#tainted(slice));
    const isUsable = slices.length === slices[0]?.pool.slices && areConsistent(slices);
    const pool = { key, driver: slices[0]?.driver ?? "", slices, isUsable };
    this.#pools.set(key, pool);
    return pool;
  }

  /** As the scheduler reads it: with the taints of the rules that select a device. */
  #tainted(slice: ResourceSliceView): ResourceSliceView {
    const { driver, pool } = slice;
    const rules = [...this.#taintRules.values()].filter(
      (rule) => [driver, undefined].includes(rule.driver) && [pool.name, undefined].includes(rule.pool),
    );
    if (rules.length === 0) return slice;
    const withTaints = (device: DeviceView): DeviceView => {
      const taints = rules.filter((rule) => [device.name, undefined].includes(rule.device)).map(({ taint }) => taint);
      return taints.length === 0 ? device : { ...device, taints: [...device.taints, ...taints] };
    };
    return { ...slice, devices: slice.devices.map(withTaints) };
  }

  #allocated(key: PoolKey): readonly Allocation[] {
    const known = this.#allocations.get(key);
    if (known !== undefined) return known;
    const claims = [...(this.#claims.get(key)?.values() ?? [])];
    const allocations = claims.flatMap(({ key: claim, pods, devices }) => {
      const [pod = claim] = pods;
      const holder = this.#serviceOf(pod) ?? pod;
      return devices.filter((device) => keyOf(device) === key).map((device) => ({ ...device, holder, pods }));
    });
    this.#allocations.set(key, allocations);
    return allocations;
  }
}

/** The names of devices are unique, and each counter that they consume exists. */
function areConsistent(slices: readonly ResourceSliceView[]): boolean {
  const devices = slices.flatMap((slice) => slice.devices);
  if (new Set(devices.map(({ name }) => name)).size < devices.length) return false;
  const sets = new Map(slices.flatMap(({ counterSets }) => Object.entries(counterSets)));
  return devices.every(({ consumes }) =>
    Object.entries(consumes).every(([set, counters]) => {
      const shared = sets.get(set);
      return shared !== undefined && Object.keys(counters).every((name) => name in shared);
    }),
  );
}

function keyOf({ driver, pool }: Pick<AllocatedDevice, "driver" | "pool">): PoolKey {
  return `${driver}/${pool}`;
}

function poolOf({ driver, pool }: ResourceSliceView): PoolKey {
  return keyOf({ driver, pool: pool.name });
}

function poolsOf(claim: ResourceClaimView | undefined): ReadonlySet<PoolKey> {
  return new Set(claim?.devices.map(keyOf));
}

type Groups<Group, Key, Value> = Map<Group, Map<Key, Value>>;

function addTo<Group, Key, Value>(groups: Groups<Group, Key, Value>, group: Group, key: Key, value: Value): void {
  groups.set(group, (groups.get(group) ?? new Map<Key, Value>()).set(key, value));
}

function removeFrom<Group, Key, Value>(groups: Groups<Group, Key, Value>, group: Group, key: Key): void {
  const members = groups.get(group);
  members?.delete(key);
  if (members?.size === 0) groups.delete(group);
}
