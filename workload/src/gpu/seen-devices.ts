/** Enumerates NVML's devices and their handles. */
import type { GpuIdentity } from "./gpu-sample.ts";
import type { NvmlResult, NvmlFailure } from "./nvml-result.ts";
import type { DeviceHandle, Nvml } from "./nvml-library.ts";
import type { SeenDevice } from "./visible-devices.ts";

export interface Device extends SeenDevice {
  /** For memory and processes: the MIG device, if it is one. */
  readonly handle: DeviceHandle;
  /** For temperature, power and clocks: always the GPU. */
  readonly gpu: DeviceHandle;
}

/** A GPU that NVML counts but cannot open. */
export interface LostDevice extends SeenDevice {
  readonly failure: NvmlFailure;
}

/**
 * Called for each sample, because MIG devices come and go; the calls do not access the hardware. `known` holds the last
 * identity at each index: a lost GPU no longer returns its UUID, which the user needs to find it.
 */
export function seenDevices(
  nvml: Nvml,
  known: Map<number, GpuIdentity>,
): NvmlFailure | readonly (Device | LostDevice)[] {
  const count = nvml.number("nvmlDeviceGetCount_v2");
  if (count.kind === "failure") return count;
  return Array.from({ length: count.value }, (_, index) => devicesOfGpu(nvml, index, known)).flat();
}

function devicesOfGpu(nvml: Nvml, index: number, known: Map<number, GpuIdentity>): readonly (Device | LostDevice)[] {
  const gpu = pointer((out) => nvml.call("nvmlDeviceGetHandleByIndex_v2", index, out));
  if (gpu.kind === "failure") return [lost(index, gpu, known)];
  const uuid = nvml.text("nvmlDeviceGetUUID", gpu.value);
  if (uuid.kind === "failure") return [lost(index, uuid, known)];
  const name = valueOf(nvml.text("nvmlDeviceGetName", gpu.value));
  const identity = { index, uuid: uuid.value, name, mig: null };
  known.set(index, identity);
  const migs = migDevices(nvml, gpu.value, identity);
  return migs.length > 0 ? migs : [{ identity, parentUuid: null, handle: gpu.value, gpu: gpu.value }];
}

function lost(index: number, failure: NvmlFailure, known: ReadonlyMap<number, GpuIdentity>): LostDevice {
  const identity = known.get(index) ?? { index, uuid: null, name: null, mig: null };
  return { identity, parentUuid: null, failure };
}

function migDevices(nvml: Nvml, gpu: DeviceHandle, { index, uuid }: GpuIdentity): readonly Device[] {
  const mode = new Uint32Array(1);
  // Fails if the GPU does not support MIG.
  if (nvml.call("nvmlDeviceGetMigMode", gpu, mode, new Uint32Array(1)) !== null || mode[0] === 0) return [];
  const most = valueOf(nvml.number("nvmlDeviceGetMaxMigDeviceCount", gpu)) ?? 0;
  return Array.from({ length: most }, (_, migIndex): Device | null => {
    const handle = pointer((out) => nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", gpu, migIndex, out));
    // Slots may be empty, and those of other containers return NOT_FOUND or NO_PERMISSION.
    if (handle.kind === "failure") return null;
    const number = (call: "nvmlDeviceGetGpuInstanceId" | "nvmlDeviceGetComputeInstanceId") =>
      valueOf(nvml.number(call, handle.value));
    const mig = {
      index: migIndex,
      gpuInstance: number("nvmlDeviceGetGpuInstanceId"),
      computeInstance: number("nvmlDeviceGetComputeInstanceId"),
    };
    const identity = {
      index,
      uuid: valueOf(nvml.text("nvmlDeviceGetUUID", handle.value)),
      name: valueOf(nvml.text("nvmlDeviceGetName", handle.value)),
      mig,
    };
    return { identity, parentUuid: uuid, handle: handle.value, gpu };
  }).filter((device) => device !== null);
}

function pointer(call: (out: [DeviceHandle]) => NvmlFailure | null): NvmlResult<DeviceHandle> {
  const out: [DeviceHandle] = [null];
  return call(out) ?? { kind: "value", value: out[0] };
}

function valueOf<T>(result: NvmlResult<T>): T | null {
  return result.kind === "value" ? result.value : null;
}
