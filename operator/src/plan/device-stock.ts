/**
 * Takes devices in their order as the scheduler does: a device once, a shareable one as far as its capacity goes, a
 * partition as far as the counters go that it shares with others. One stock is the state of one count.
 */
import { quantityValue } from "@gpumedia/api";
import type { DeviceRequest } from "../effective/gpu-request.ts";
import type { Allocation, DevicePool } from "../observe/device-ledger.ts";
import type { Counters, DeviceView } from "../observe/resource-slice-view.ts";
import { capacityTaken, type Amounts } from "./device-capacity.ts";

/** A pool, and who has its devices. */
export interface StockedPool {
  readonly pool: DevicePool;
  readonly allocations: readonly Allocation[];
}

/** A device that fits some of the requests. */
export interface Slot {
  readonly pool: DevicePool;
  readonly device: DeviceView;
  /** The requests that it fits, by index. */
  readonly fits: ReadonlySet<number>;
}

/** Without a limit, a shareable device would count as endless. The kubelet admits 110 pods by default. */
const maxShares = 110;

export class DeviceStock {
  /** How many claims have the device. */
  readonly #claims = new Map<string, number>();
  /** What they take of its capacity. */
  readonly #taken = new Map<string, Map<string, number>>();
  /** What is left of a counter. */
  readonly #counters = new Map<string, number>();

  constructor(pools: readonly StockedPool[]) {
    for (const { pool, allocations } of pools) {
      const devices = new Map(pool.slices.flatMap((slice) => slice.devices.map((device) => [device.name, device])));
      for (const { counterSets } of pool.slices) this.#count(pool, counterSets, 1);
      for (const { device: name, isShare, consumed } of allocations) {
        const device = devices.get(name);
        if (device === undefined) continue;
        this.#add(pool, device, consumed, 1);
        // A claim from before the device became shareable has all of it.
        if (!isShare) this.#claims.set(idOf(pool, device), Infinity);
      }
    }
  }

  /** Returns whether the device could be taken. */
  take({ pool, device }: Slot, request: DeviceRequest): boolean {
    const amounts = capacityTaken(device.capacity, request.capacity);
    if (amounts === undefined || !this.#isAvailable(pool, device, amounts)) return false;
    this.#add(pool, device, amounts, 1);
    return true;
  }

  giveBack({ pool, device }: Slot, request: DeviceRequest): void {
    this.#add(pool, device, capacityTaken(device.capacity, request.capacity) ?? {}, -1);
  }

  #isAvailable(pool: DevicePool, device: DeviceView, amounts: Amounts): boolean {
    const id = idOf(pool, device);
    const claims = this.#claims.get(id) ?? 0;
    if (claims >= (device.isShareable ? maxShares : 1)) return false;
    const taken = this.#taken.get(id);
    const exceeds = ([name, amount]: readonly [string, number]): boolean =>
      (taken?.get(name) ?? 0) + amount > quantityValue(device.capacity[name]?.value ?? "0");
    if (device.isShareable && Object.entries(amounts).some(exceeds)) return false;
    // The first claim of a shareable device takes its counters.
    return claims > 0 || counterIds(pool, device.consumes).every(([one, amount]) => this.#left(one) >= amount);
  }

  #add(pool: DevicePool, device: DeviceView, amounts: Amounts, sign: 1 | -1): void {
    const id = idOf(pool, device);
    const before = this.#claims.get(id) ?? 0;
    this.#claims.set(id, before + sign);
    if (Math.min(before, before + sign) === 0) this.#count(pool, device.consumes, sign === 1 ? -1 : 1);
    const taken = this.#taken.get(id) ?? new Map<string, number>();
    for (const [name, amount] of Object.entries(amounts)) taken.set(name, (taken.get(name) ?? 0) + sign * amount);
    this.#taken.set(id, taken);
  }

  #count(pool: DevicePool, sets: Readonly<Record<string, Counters>>, sign: 1 | -1): void {
    for (const [id, amount] of counterIds(pool, sets)) this.#counters.set(id, this.#left(id) + sign * amount);
  }

  #left(counter: string): number {
    return this.#counters.get(counter) ?? 0;
  }
}

/**
 * How many replicas the stock has, each with the devices of the first request that can still be met. The devices of one request
 * differ, as Kubernetes allocates them since 1.36: a pod that requests two shares gets them of two devices. No device that could
 * not be taken can be taken later, so it is not tried again.
 */
export function replicasInStock(
  stock: DeviceStock,
  slots: readonly Slot[],
  requests: readonly DeviceRequest[],
): number {
  let replicas = 0;
  for (const [index, request] of requests.entries()) {
    let open = slots.filter(({ fits }) => fits.has(index));
    for (;;) {
      const taken = new Set<Slot>();
      const refused = new Set<Slot>();
      for (const slot of open) {
        if (taken.size === request.count) break;
        (stock.take(slot, request) ? taken : refused).add(slot);
      }
      if (taken.size < request.count) {
        for (const slot of taken) stock.giveBack(slot, request);
        break;
      }
      replicas++;
      open = open.filter((slot) => !refused.has(slot));
    }
  }
  return replicas;
}

function idOf({ key }: DevicePool, { name }: DeviceView): string {
  return `${key}/${name}`;
}

function counterIds(
  { key }: DevicePool,
  sets: Readonly<Record<string, Counters>>,
): readonly (readonly [id: string, amount: number])[] {
  return Object.entries(sets).flatMap(([set, counters]) =>
    Object.entries(counters).map(([name, amount]) => [`${key}/${set}/${name}`, amount] as const),
  );
}
