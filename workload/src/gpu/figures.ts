/** Reads one device's figures for reports and metrics, by calls that take microseconds on a healthy GPU. */
import type { GpuFigures, GpuProcess } from "./gpu-sample.ts";
import type { NvmlResult } from "./nvml-result.ts";
import type { DeviceHandle, Nvml } from "./nvml-library.ts";
import { attempt, filled, present, readEngine, readMemory, readRates, readTemperature, watts } from "./reading.ts";
import type { Device } from "./seen-devices.ts";
import { throttleReasons } from "./throttle-reasons.ts";

/** Returns all figures, null for those that the device does not have, or a failure if it does not respond. */
export function readFigures(nvml: Nvml, device: Device): NvmlResult<GpuFigures> {
  return attempt(() => figuresOf(nvml, device));
}

function figuresOf(nvml: Nvml, device: Device): GpuFigures {
  const { handle, gpu } = device;
  const rates = readRates(nvml, device);
  const memory = readMemory(nvml, handle);
  return {
    utilizationPercent: rates?.gpu ?? null,
    memoryUtilizationPercent: rates?.memory ?? null,
    encoderPercent: readEngine(nvml, "nvmlDeviceGetEncoderUtilization", device),
    decoderPercent: readEngine(nvml, "nvmlDeviceGetDecoderUtilization", device),
    memoryUsedBytes: memory?.used ?? null,
    memoryTotalBytes: memory?.total ?? null,
    temperatureCelsius: readTemperature(nvml, gpu),
    powerWatts: watts(nvml.number("nvmlDeviceGetPowerUsage", gpu)),
    powerLimitWatts: watts(nvml.number("nvmlDeviceGetEnforcedPowerLimit", gpu)),
    throttleReasons: readThrottleReasons(nvml, gpu),
    processes: readProcesses(nvml, handle),
  };
}

function readThrottleReasons(nvml: Nvml, gpu: DeviceHandle): readonly string[] | null {
  const mask = new BigUint64Array(1);
  let failed = nvml.call("nvmlDeviceGetCurrentClocksEventReasons", gpu, mask);
  // The name before driver 535.
  if (failed?.code === "FUNCTION_NOT_FOUND") failed = nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", gpu, mask);
  return present(filled(failed, mask)) === null ? null : throttleReasons(mask[0] ?? 0n);
}

/** NVML_VALUE_NOT_AVAILABLE, for instance on hosts where the driver does not manage the memory. */
const notAvailable = 0xffff_ffff_ffff_ffffn;

function readProcesses(nvml: Nvml, handle: DeviceHandle, capacity = 32): readonly GpuProcess[] | null {
  const count = new Uint32Array([capacity]);
  const processes = Array.from({ length: capacity }, () => ({
    pid: 0,
    usedGpuMemory: 0 as number | bigint,
    gpuInstanceId: 0,
    computeInstanceId: 0,
  }));
  const failed = nvml.call("nvmlDeviceGetComputeRunningProcesses_v3", handle, count, processes);
  // More than the returned count: processes may start between the two calls.
  if (failed?.code === "INSUFFICIENT_SIZE" && capacity < 4096) return readProcesses(nvml, handle, capacity * 4);
  if (present(filled(failed, count)) === null) return null;
  return processes.slice(0, count[0]).map(({ pid, usedGpuMemory }) => ({
    pid,
    memoryUsedBytes: usedGpuMemory === notAvailable ? null : Number(usedGpuMemory),
  }));
}
