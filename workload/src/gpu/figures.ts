/** The figures of one device, for reports and metrics: calls that answer within microseconds on a healthy GPU. */
import type { GpuFigures, GpuProcess } from "./gpu-sample.ts";
import type { NvmlAnswer } from "./nvml-answer.ts";
import type { DeviceHandle, Nvml } from "./nvml-library.ts";
import { attempt, filled, present, readEngine, readMemory, readRates, readTemperature, watts } from "./reading.ts";
import type { Device } from "./seen-devices.ts";
import { throttleReasons } from "./throttle-reasons.ts";

/** All figures, with null for what this device does not have; a failure when the device does not answer at all. */
export function readFigures(nvml: Nvml, device: Device): NvmlAnswer<GpuFigures> {
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
  // Its name before driver 535.
  if (failed?.code === "FUNCTION_NOT_FOUND") failed = nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", gpu, mask);
  return present(filled(failed, mask)) === null ? null : throttleReasons(mask[0] ?? 0n);
}

/** NVML_VALUE_NOT_AVAILABLE, as on hosts where the driver does not manage memory itself. */
const notAvailable = 0xffff_ffff_ffff_ffffn;

function readProcesses(nvml: Nvml, handle: DeviceHandle, room = 32): readonly GpuProcess[] | null {
  const count = new Uint32Array([room]);
  const processes = Array.from({ length: room }, () => ({
    pid: 0,
    usedGpuMemory: 0 as number | bigint,
    gpuInstanceId: 0,
    computeInstanceId: 0,
  }));
  const failed = nvml.call("nvmlDeviceGetComputeRunningProcesses_v3", handle, count, processes);
  // Processes may start between two calls, so there is room for more than were counted.
  if (failed?.code === "INSUFFICIENT_SIZE" && room < 4096) return readProcesses(nvml, handle, room * 4);
  if (present(filled(failed, count)) === null) return null;
  return processes.slice(0, count[0]).map(({ pid, usedGpuMemory }) => ({
    pid,
    memoryUsedBytes: usedGpuMemory === notAvailable ? null : Number(usedGpuMemory),
  }));
}
