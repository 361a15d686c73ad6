/** The figures that `nvidia-smi dmon -s pucvmet` shows for one device. Slow: NVML needs 20 ms for each PCIe counter. */
import type { NvmlResult } from "./nvml-result.ts";
import type { DeviceHandle, Nvml } from "./nvml-library.ts";
import { attempt, filled, present, readEngine, readMemory, readRates, readTemperature, watts } from "./reading.ts";
import type { Device } from "./seen-devices.ts";

/** Null: not known. Violations (how long the clocks were lowered) and errors count since the driver was loaded. */
export type DmonFigures = Readonly<ReturnType<typeof figuresOf>>;

/** nvmlFieldValue ids. */
const fields = {
  eccCorrected: 3,
  eccUncorrected: 4,
  powerViolationNs: 74,
  thermalViolationNs: 75,
  memoryTemperatureCelsius: 82,
  pcieReplays: 94,
} as const;

type Field = keyof typeof fields;

const clock = { sm: 1, memory: 2 } as const;
const pcie = { sent: 0, received: 1 } as const;

export function readDmonFigures(nvml: Nvml, device: Device): NvmlResult<DmonFigures> {
  return attempt(() => figuresOf(nvml, device));
}

function figuresOf(nvml: Nvml, device: Device) {
  const { handle, gpu } = device;
  const rates = readRates(nvml, device);
  return {
    powerWatts: watts(nvml.number("nvmlDeviceGetPowerUsage", gpu)),
    temperatureCelsius: readTemperature(nvml, gpu),
    utilizationPercent: rates?.gpu ?? null,
    memoryUtilizationPercent: rates?.memory ?? null,
    encoderPercent: readEngine(nvml, "nvmlDeviceGetEncoderUtilization", device),
    decoderPercent: readEngine(nvml, "nvmlDeviceGetDecoderUtilization", device),
    jpegPercent: readEngine(nvml, "nvmlDeviceGetJpgUtilization", device),
    opticalFlowPercent: readEngine(nvml, "nvmlDeviceGetOfaUtilization", device),
    memoryClockMhz: present(nvml.number("nvmlDeviceGetClockInfo", gpu, clock.memory)),
    processorClockMhz: present(nvml.number("nvmlDeviceGetClockInfo", gpu, clock.sm)),
    memoryUsedBytes: readMemory(nvml, handle)?.used ?? null,
    bar1UsedBytes: readUsed(nvml, "nvmlDeviceGetBAR1MemoryInfo", handle),
    protectedMemoryUsedBytes: readUsed(nvml, "nvmlDeviceGetConfComputeProtectedMemoryUsage", gpu),
    pcieReceivedKilobytesPerSecond: present(nvml.number("nvmlDeviceGetPcieThroughput", gpu, pcie.received)),
    pcieSentKilobytesPerSecond: present(nvml.number("nvmlDeviceGetPcieThroughput", gpu, pcie.sent)),
    ...readFields(nvml, gpu),
  };
}

function readUsed(
  nvml: Nvml,
  call: "nvmlDeviceGetBAR1MemoryInfo" | "nvmlDeviceGetConfComputeProtectedMemoryUsage",
  device: DeviceHandle,
): number | null {
  const memory = { total: 0, free: 0, used: 0 };
  return present(filled(nvml.call(call, device, memory), memory))?.used ?? null;
}

function readFields(nvml: Nvml, gpu: DeviceHandle): Readonly<Record<Field, number | null>> {
  const requested = Object.values(fields).map((fieldId) => ({
    fieldId,
    scopeId: 0,
    timestampUs: 0,
    latencyUs: 0,
    valueType: 0,
    nvmlReturn: 0,
    value: 0 as number | bigint,
  }));
  const returned =
    present(filled(nvml.call("nvmlDeviceGetFieldValues", gpu, requested.length, requested), requested)) ?? [];
  const read = (field: Field): number | null => {
    const value = returned.find(({ fieldId }) => fieldId === fields[field]);
    return value === undefined || value.nvmlReturn !== 0 ? null : Number(value.value);
  };
  return {
    eccCorrected: read("eccCorrected"),
    eccUncorrected: read("eccUncorrected"),
    powerViolationNs: read("powerViolationNs"),
    thermalViolationNs: read("thermalViolationNs"),
    memoryTemperatureCelsius: read("memoryTemperatureCelsius"),
    pcieReplays: read("pcieReplays"),
  };
}
