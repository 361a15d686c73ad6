/** Single figures, read through `present`: what the device does not offer is null, anything worse ends the reading. */
import { isAbsent, type NvmlAnswer, type NvmlFailure, value } from "./nvml-answer.ts";
import type { DeviceHandle, Nvml } from "./nvml-library.ts";
import type { Device } from "./seen-devices.ts";

/** Thrown through the reading of one device when it is no use to go on with it. */
class Unreadable extends Error {
  readonly failure: NvmlFailure;
  constructor(failure: NvmlFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Runs a reading that uses `present`; a failure that is no mere absence ends it. */
export function attempt<T>(reading: () => T): NvmlAnswer<T> {
  try {
    return value(reading());
  } catch (error) {
    if (error instanceof Unreadable) return error.failure;
    throw error;
  }
}

/** The value, or null for a figure that the device does not offer. Only inside `attempt`. */
export function present<T>(answer: NvmlAnswer<T>): T | null {
  if (answer.kind === "value") return answer.value;
  if (isAbsent(answer)) return null;
  throw new Unreadable(answer);
}

export function filled<T>(failed: NvmlFailure | null, answer: T): NvmlAnswer<T> {
  return failed ?? value(answer);
}

/** Null on MIG devices, as the engines are. */
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
  // NVML has none for MIG devices; that of their GPU is other pods' as well, so it is not an answer.
  if (identity.mig !== null) return null;
  const percent = new Uint32Array(1);
  const samplingPeriodUs = new Uint32Array(1);
  return present(filled(nvml.call(call, gpu, percent, samplingPeriodUs), percent))?.[0] ?? null;
}

export function readTemperature(nvml: Nvml, gpu: DeviceHandle): number | null {
  const NVML_TEMPERATURE_GPU = 0;
  return present(nvml.number("nvmlDeviceGetTemperature", gpu, NVML_TEMPERATURE_GPU));
}

export function watts(milliwatts: NvmlAnswer<number>): number | null {
  const answer = present(milliwatts);
  return answer === null ? null : answer / 1000;
}

/** Bytes. Version 1 counts what the driver keeps for itself as used, so it is only asked where there is no other. */
export function readMemory(nvml: Nvml, handle: DeviceHandle): { readonly total: number; readonly used: number } | null {
  // By the macro NVML_STRUCT_VERSION: the size of the structure, and the version in the highest byte.
  const memory = { version: 40 | (2 << 24), total: 0, reserved: 0, free: 0, used: 0 };
  const failed = nvml.call("nvmlDeviceGetMemoryInfo_v2", handle, memory);
  if (failed === null) return memory;
  if (!isAbsent(failed)) throw new Unreadable(failed);
  const older = { total: 0, free: 0, used: 0 };
  return present(filled(nvml.call("nvmlDeviceGetMemoryInfo", handle, older), older));
}
