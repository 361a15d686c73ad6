/** The functions and structures of `libnvidia-ml.so.1` that we call, as koffi needs them declared. */
import type koffi from "koffi";
import type { TypeObject } from "koffi";

type Koffi = typeof koffi;

/** koffi does not export its type of a parameter: a name, a type, or what `koffi.out()` and `koffi.inout()` return. */
type Parameter = Parameters<Koffi["out"]>[0];

export interface Structures {
  readonly memory: TypeObject;
  readonly memoryV2: TypeObject;
  readonly utilization: TypeObject;
  readonly processInfo: TypeObject;
  readonly fieldValue: TypeObject;
}

/** Layouts by NVIDIA's "NVML API Reference Guide"; `unsigned long long` is uint64, every enum an int. */
export function structures(koffi: Koffi): Structures {
  return {
    // nvmlMemory_t, and nvmlBAR1Memory_t, which has the same layout.
    memory: koffi.struct({ total: "uint64", free: "uint64", used: "uint64" }),
    memoryV2: koffi.struct({ version: "uint", total: "uint64", reserved: "uint64", free: "uint64", used: "uint64" }),
    utilization: koffi.struct({ gpu: "uint", memory: "uint" }),
    processInfo: koffi.struct({
      pid: "uint",
      usedGpuMemory: "uint64",
      gpuInstanceId: "uint",
      computeInstanceId: "uint",
    }),
    // The union nvmlValue_t is read as its 8 bytes: every counter that we read is unsigned. We pass 0, so the bytes that
    // a narrower one does not use stay 0.
    fieldValue: koffi.struct({
      fieldId: "uint",
      scopeId: "uint",
      timestampUs: "int64",
      latencyUs: "int64",
      valueType: "int",
      nvmlReturn: "int",
      value: "uint64",
    }),
  };
}

/** The parameters of every function that we call. All of them return `nvmlReturn_t`. */
export function prototypes(koffi: Koffi, types: Structures) {
  const device = "void *";
  const out = (type: Parameter) => koffi.out(koffi.pointer(type));
  const inout = (type: Parameter) => koffi.inout(koffi.pointer(type));
  const number = out("uint");
  const text = out("char");
  const handle = out("void *");
  return {
    nvmlInit_v2: [],
    nvmlShutdown: [],
    nvmlSystemGetDriverVersion: [text, "uint"],
    nvmlSystemGetCudaDriverVersion_v2: [number],
    nvmlDeviceGetCount_v2: [number],
    nvmlDeviceGetHandleByIndex_v2: ["uint", handle],
    nvmlDeviceGetUUID: [device, text, "uint"],
    nvmlDeviceGetName: [device, text, "uint"],
    nvmlDeviceGetMigMode: [device, number, number],
    nvmlDeviceGetMaxMigDeviceCount: [device, number],
    nvmlDeviceGetMigDeviceHandleByIndex: [device, "uint", handle],
    nvmlDeviceGetGpuInstanceId: [device, number],
    nvmlDeviceGetComputeInstanceId: [device, number],
    nvmlDeviceGetMemoryInfo: [device, out(types.memory)],
    nvmlDeviceGetMemoryInfo_v2: [device, inout(types.memoryV2)],
    nvmlDeviceGetBAR1MemoryInfo: [device, out(types.memory)],
    nvmlDeviceGetConfComputeProtectedMemoryUsage: [device, out(types.memory)],
    nvmlDeviceGetUtilizationRates: [device, out(types.utilization)],
    nvmlDeviceGetEncoderUtilization: [device, number, number],
    nvmlDeviceGetDecoderUtilization: [device, number, number],
    nvmlDeviceGetJpgUtilization: [device, number, number],
    nvmlDeviceGetOfaUtilization: [device, number, number],
    nvmlDeviceGetTemperature: [device, "int", number],
    nvmlDeviceGetPowerUsage: [device, number],
    nvmlDeviceGetEnforcedPowerLimit: [device, number],
    nvmlDeviceGetCurrentClocksEventReasons: [device, out("uint64")],
    nvmlDeviceGetCurrentClocksThrottleReasons: [device, out("uint64")],
    nvmlDeviceGetComputeRunningProcesses_v3: [device, inout("uint"), out(types.processInfo)],
    nvmlDeviceGetClockInfo: [device, "int", number],
    nvmlDeviceGetPcieThroughput: [device, "int", number],
    nvmlDeviceGetFieldValues: [device, "int", inout(types.fieldValue)],
  } satisfies Record<string, Parameter[]>;
}

export type NvmlFunction = keyof ReturnType<typeof prototypes>;
