/** Which MIG profile has the engines that no device of the requested class has. */
import { quantityValue } from "@gpumedia/api";
import { engineCapacities, neededEngines, type DeviceRequest, type Engines } from "../effective/gpu-request.ts";
import type { DraSnapshot } from "../observe/device-ledger.ts";
import type { DeviceView } from "../observe/resource-slice-view.ts";
import { productOf, profileOf } from "../plan/device-attributes.ts";
import { smallestProfile } from "../plan/mig-profiles.ts";

const driver = "gpu.nvidia.com";

/** `jpeg: 1, decoders: 2` */
export function enginesText(engines: Engines): string {
  return neededEngines(engines)
    .map((engine) => `${engine}: ${engines[engine]}`)
    .join(", ");
}

/** The smallest profile among the published devices, otherwise among those of their products; undefined: nothing is known. */
export function engineHint(requests: readonly DeviceRequest[], { pools }: DraSnapshot): string | undefined {
  const engines = requests.find((request) => request.engines !== undefined)?.engines;
  if (engines === undefined) return undefined;
  const devices = pools
    .filter((pool) => pool.driver === driver)
    .flatMap(({ slices }) => slices.flatMap((slice) => slice.devices));
  const [smallest] = devices
    .filter((device) => profileOf(driver, device) !== undefined && hasEngines(device, engines))
    .toSorted((a, b) => memory(a) - memory(b));
  const is = "the smallest MIG profile that has them is";
  if (smallest !== undefined) {
    const profile = profileOf(driver, smallest) ?? smallest.name;
    return `${is} ${profile} of ${product(smallest)}: set gpu.claim.deviceClassName: mig.nvidia.com`;
  }
  const products = [...new Set(devices.map(product))].toSorted();
  const known = products.map((name) => ({ name, profile: smallestProfile(name, engines) }));
  const divisible = known.find(({ profile }) => profile !== undefined);
  if (divisible !== undefined) {
    return `${is} ${divisible.profile} of ${divisible.name}: divide a GPU into it, or add a node`;
  }
  const [first] = products;
  return first === undefined
    ? undefined
    : `no MIG profile of ${first} is known to have them: lower gpu.engines, or add other GPUs`;
}

function hasEngines({ capacity }: DeviceView, engines: Engines): boolean {
  return neededEngines(engines).every(
    (engine) => quantityValue(capacity[engineCapacities[engine]]?.value ?? "0") >= engines[engine],
  );
}

function memory({ capacity }: DeviceView): number {
  return quantityValue(capacity["memory"]?.value ?? "0");
}

function product(device: DeviceView): string {
  return productOf(driver, device) ?? device.name;
}
