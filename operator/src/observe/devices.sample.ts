/** Devices of DRA for tests, as NVIDIA's driver publishes them: one pool for each node, with the node's name. */
import { added } from "./store-change.sample.ts";
import type { DeviceClassView } from "./device-class-view.ts";
import { DeviceLedger, type DraSnapshot } from "./device-ledger.ts";
import type { AllocatedDevice, ResourceClaimView } from "./resource-claim-view.ts";
import type { DeviceView, ResourceSliceView } from "./resource-slice-view.ts";

export const driver = "gpu.nvidia.com";

export function sampleDevice(name: string, change: Partial<DeviceView> = {}): DeviceView {
  const attributes = { type: { string: "gpu" }, productName: { string: "NVIDIA H100 80GB HBM3" } };
  const nothing = { place: undefined, taints: [], consumes: {}, isShareable: false };
  return { name, attributes, capacity: { memory: { value: "80Gi" } }, ...nothing, ...change };
}

/** A whole pool of one node. */
export function sampleSlice(
  node: string,
  devices: readonly (DeviceView | string)[],
  change: Partial<ResourceSliceView> = {},
): ResourceSliceView {
  const views = devices.map((device) => (typeof device === "string" ? sampleDevice(device) : device));
  const pool = { name: node, generation: 1, slices: 1 };
  return { name: `${node}-gpu`, driver, pool, place: { node }, counterSets: {}, devices: views, ...change };
}

export function sampleClass(change: Partial<DeviceClassView> = {}): DeviceClassView {
  const selectors = [`device.driver == '${driver}' && device.attributes['${driver}'].type == 'gpu'`];
  const createdAt = "2026-01-01T00:00:00Z";
  return { name: "gpu.nvidia.com", createdAt, selectors, extendedResource: "nvidia.com/gpu", ...change };
}

/** A claim of the pod `media/NAME` for devices, each as `pool/device`. */
export function sampleClaim(
  name: string,
  devices: readonly (string | AllocatedDevice)[],
  change: Partial<ResourceClaimView> = {},
): ResourceClaimView {
  const allocated = devices.map((one): AllocatedDevice => {
    if (typeof one !== "string") return one;
    const [pool = "", device = ""] = one.split("/");
    return { driver, pool, device, isShare: false, consumed: {} };
  });
  return { key: `media/${name}-gpu`, pods: [`media/${name}`], devices: allocated, ...change };
}

interface Dra {
  readonly slices?: readonly ResourceSliceView[];
  readonly claims?: readonly ResourceClaimView[];
  readonly classes?: readonly DeviceClassView[];
}

/** Pods whose name begins with `upscaler` belong to the service. */
export function sampleDra({ slices = [], claims = [], classes = [sampleClass()] }: Dra): DraSnapshot {
  const ledger = new DeviceLedger((pod) => (pod.startsWith("media/upscaler") ? "media/upscaler" : undefined));
  for (const one of classes) ledger.observeClass(added(one));
  for (const slice of slices) ledger.observeSlice(added(slice));
  for (const claim of claims) ledger.observeClaim({ ...added(claim), key: claim.key });
  return ledger.snapshot();
}
