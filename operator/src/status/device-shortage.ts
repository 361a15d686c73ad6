/** Explains which devices of DRA are missing: what does not fit, and who has what would. */
import { engineSelector, type DeviceRequest } from "../effective/gpu-request.ts";
import type { DraSnapshot } from "../observe/device-ledger.ts";
import { countGpus, usableDevices, usablePools, type GpuView } from "../plan/gpus.ts";
import { misfit, type Misfit } from "../plan/device-fit.ts";
import { engineHint, enginesText } from "./engine-hint.ts";
import { exclusions, gpusText, holderList, nodes } from "./gpu-nodes.ts";

/** `no free device of class gpu.nvidia.com that fits: 8 of 8 held by …`. */
export function deviceShortage(gpus: GpuView, dra: DraSnapshot): string {
  const { perReplica, devices, deviceRequests } = gpus;
  const names = [...new Set(deviceRequests.map(({ deviceClass }) => deviceClass))];
  const classes = names.join(" or ");
  if (names.every((name) => !dra.classes.has(name))) {
    return `DeviceClass ${classes} does not exist; install the DRA driver that creates it, or correct its name`;
  }
  // Of those that the service may use, or of all where it may use none: any of them would help.
  const near = misfits(gpus, { ...dra, pools: usablePools(gpus) });
  const { total, texts } = near.total === 0 && usableDevices(gpus).length === 0 ? misfits(gpus, dra) : near;
  if (devices.length === 0 && total === 0) {
    return `no ResourceSlice has a device of class ${classes}${incompletePools(dra)}; ${engineHint(deviceRequests, dra) ?? "check that the DRA driver is running"}`;
  }
  if (devices.length === 0) {
    const step = engineHint(deviceRequests, dra) ?? "correct the request, or add such a device";
    return `none of ${total} devices of class ${classes} fits: ${texts.join(", ")}; ${step}`;
  }
  if (near.total > 0 && usableDevices(gpus).length === 0) {
    return `none of ${total} devices of class ${classes} that the service may use fits: ${texts.join(", ")}; correct the request, or add such a device`;
  }
  const { allocatable, free } = countGpus(gpus);
  if (allocatable === 0)
    return `none of ${nodes(devices.length)} with ${gpusText(gpus)} is usable: ${exclusions(gpus)}`;
  // The shares of one request are of different devices.
  const largest = Math.max(
    ...devices.map(({ allocatable: most, inventory }) => Math.min(most, inventory?.slots.length ?? most)),
  );
  const fewest = Math.min(...deviceRequests.map(({ count }) => count));
  if (largest < fewest) {
    return `no node has ${fewest} devices of class ${classes} that fit: the largest has ${largest}; lower gpu.count, or add a larger node`;
  }
  const areShares = usableDevices(gpus).every(
    ({ inventory }) => inventory?.slots.every(({ device }) => device.isShareable) === true,
  );
  const [one, several] = areShares ? ["share of a device", "shares of devices"] : ["device", "devices"];
  const what = perReplica === 1 ? `no free ${one}` : `no node has ${perReplica} free ${several}`;
  const together = areShares ? "on different devices of one node" : "on one node";
  const scattered = free > 0 ? `, ${free} free but too few ${together}` : "";
  const others = [texts.length === 0 ? "" : `of others, ${texts.join(", ")}`, exclusions(gpus)].filter(Boolean);
  return `${what} of class ${classes} that ${perReplica === 1 ? "fits" : "fit"}: ${allocatable - free} of ${allocatable} held by ${holderList(gpus)}${scattered}${others.map((text) => `; ${text}`).join("")}; free a ${areShares ? "share" : "GPU"}, add a node, or lower ${smallerShare(areShares, deviceRequests)}the number of replicas`;
}

function smallerShare(areShares: boolean, requests: readonly DeviceRequest[]): string {
  return areShares && requests.some(({ capacity }) => "memory" in capacity) ? "gpu.share.memoryPerPod or " : "";
}

/** Does a device of the class that the service may use not fit? Then its node is not the one that is missing. */
export function hasMisfit(gpus: GpuView): boolean {
  return gpus.dra !== undefined && misfits(gpus, { ...gpus.dra, pools: usablePools(gpus) }).total > 0;
}

interface Misfits {
  /** How many devices of the classes there are that fit no request. */
  readonly total: number;
  /** `2 have the taint gpu.nvidia.com/xid:NoSchedule`, the most frequent first. */
  readonly texts: readonly string[];
}

function misfits({ deviceRequests }: GpuView, { pools, classes }: DraSnapshot): Misfits {
  const counts = new Map<string, { readonly misfit: Misfit; count: number }>();
  for (const { driver, slices } of pools.filter(({ isUsable }) => isUsable)) {
    for (const device of slices.flatMap((slice) => slice.devices)) {
      const reasons = deviceRequests.map((request) => misfit(request, classes, driver, device));
      const found = reasons.find((reason) => reason?.why !== "Class");
      if (found === undefined || reasons.includes(undefined)) continue;
      const key = JSON.stringify(found);
      const counted = counts.get(key) ?? { misfit: found, count: 0 };
      counts.set(key, { ...counted, count: counted.count + 1 });
    }
  }
  const all = [...counts.values()].toSorted((a, b) => b.count - a.count);
  return {
    total: all.reduce((sum, { count }) => sum + count, 0),
    texts: all.slice(0, maxReasons).map(({ misfit: reason, count }) => misfitText(reason, count, deviceRequests)),
  };
}

/** Selectors may be long. */
const maxReasons = 3;

function misfitText(reason: Misfit, count: number, requests: readonly DeviceRequest[]): string {
  switch (reason.why) {
    case "Class":
      return `${count} of another class`;
    case "Selector": {
      const engines = requests.find((one) => one.engines && engineSelector(one.engines).includes(reason.expression));
      if (engines?.engines !== undefined) {
        return `${count} ${count === 1 ? "lacks" : "lack"} the engines ${enginesText(engines.engines)}`;
      }
      return `${count} ${count === 1 ? "does" : "do"} not meet the selector ${reason.expression}`;
    }
    case "Error":
      return `for ${count} the selector ${reason.expression} fails (${reason.message})`;
    case "Capacity":
      return `${count} ${count === 1 ? "has" : "have"} not the requested capacity`;
    case "Taint": {
      const { key, value, effect } = reason.taint;
      const taint = `${key}${value === undefined ? "" : `=${value}`}:${effect}`;
      return `${count} ${count === 1 ? "has" : "have"} the taint ${taint}, which is not tolerated`;
    }
  }
}

/** The scheduler allocates no device of such a pool. */
function incompletePools({ pools }: DraSnapshot): string {
  const [first, ...more] = pools.filter(({ isUsable }) => !isUsable);
  if (first === undefined) return "";
  const { key, slices } = first;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  return `; pool ${key} has ${slices.length} of ${slices[0]?.pool.slices ?? 0} ResourceSlices${others}`;
}
