/** Reads single figures: null if the device does not offer one; any worse failure ends the reading. */
import { isAbsent, type NvmlResult, type NvmlFailure, value } from "./nvml-result.ts";
import type { DeviceHandle, Nvml } from "./nvml-library.ts";
import type { Device } from "./seen-devices.ts";

/** Thrown to end the reading of one device. */
class Unreadable extends Error {
  readonly failure: NvmlFailure;
  constructor(failure: NvmlFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Runs a reading that uses `present`, and returns the failure that ended it, if any. */
export function attempt<T>(reading: () => T): NvmlResult<T> {
  try {
    return value(reading());
  } catch (error) {
    if (error instanceof Unreadable) return error.failure;
    throw error;
  }
}

/** Returns the value, or null if the device does not offer it. Only within `attempt`. */
export function present<T>(result: NvmlResult<T>): T | null {
  if (result.kind === "value") return result.value;
  if (isAbsent(result)) return null;
  throw new Unreadable(result);
}

export function filled<T>(failed: NvmlFailure | null, filledValue: T): NvmlResult<T> {
  return failed ?? value(filledValue);
}

/** Null for MIG devices, as for the engines. */
export function readRates(
  nvml: Nvml,
  { identity, gpu }: Device,
): { readonly gpu: number; readonly memory: number } | null {
  if (identity.mig !== null) return null;
  const rates = { gpu: 0, memory: 0 };
  return present(filled(nvml.call("nvmlDeviceGetUtilizationRates", gpu, rates), rates));
}

/** Percent of the engine's own sampling period. */
export function readEngine(
  nvml: Nvml,
  call:
    | "nvmlDeviceGetEncoderUtilization"
    | "nvmlDeviceGetDecoderUtilization"
    | "nvmlDeviceGetJpgUtilization"
    | "nvmlDeviceGetOfaUtilization",
  { identity, gpu }: Device,
): number | null {
  // NVML has none for MIG devices, and that of their GPU includes other pods.
  if (identity.mig !== null) return null;
  const percent = new Uint32Array(1);
  const samplingPeriodUs = new Uint32Array(1);
  return present(filled(nvml.call(call, gpu, percent, samplingPeriodUs), percent))?.[0] ?? null;
}

export function readTemperature(nvml: Nvml, gpu: DeviceHandle): number | null {
  const NVML_TEMPERATURE_GPU = 0;
  return present(nvml.number("nvmlDeviceGetTemperature", gpu, NVML_TEMPERATURE_GPU));
}

export function watts(milliwatts: NvmlResult<number>): number | null {
  const value = present(milliwatts);
  return value === null ? null : value / 1000;
}

/** Returns bytes. Version 1 counts what the driver reserves as used: it is called only if version 2 does not exist. */
export function readMemory(nvml: Nvml, handle: DeviceHandle): { readonly total: number; readonly used: number } | null {
  // By the macro NVML_STRUCT_VERSION: the size of the structure, and the version in the highest byte.
  const memory = { version: 40 | (2 << 24), total: 0, reserved: 0, free: 0, used: 0 };
  const failed = nvml.call("nvmlDeviceGetMemoryInfo_v2", handle, memory);
  if (failed === null) return memory;
  if (!isAbsent(failed)) throw new Unreadable(failed);
  const older = { total: 0, free: 0, used: 0 };
  return present(filled(nvml.call("nvmlDeviceGetMemoryInfo", handle, older), older));
}
