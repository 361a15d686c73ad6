/** The monitor's sample of the GPUs that this process may use. Missing figures are null, never zero. */

export type GpuSample = GpusAvailable | GpusUnavailable;

export interface GpusAvailable {
  readonly state: "available";
  /** Such as `580.82.07`. */
  readonly driverVersion: string | null;
  /** The latest CUDA version that the driver supports, such as `13.0`. */
  readonly cudaVersion: string | null;
  /** At least one; a GPU with MIG devices is listed as those devices. */
  readonly gpus: readonly Gpu[];
}

/** No GPU can be read. */
export interface GpusUnavailable {
  readonly state: "unavailable";
  /** NVML's error without `NVML_ERROR_`, or one of `NOT_ANSWERING`, `NO_VISIBLE_GPU`, `MONITOR_FAILED`. */
  readonly reason: string;
  readonly message: string;
}

export type Gpu = GpuIdentity & (GpuRead | GpuUnreadable);

export interface GpuIdentity {
  /** NVML's index of the GPU; for a MIG device, of its GPU. Not stable across hosts or restarts. */
  readonly index: number;
  /** `GPU-…` or `MIG-…`; null if the GPU was lost before it could be read. */
  readonly uuid: string | null;
  readonly name: string | null;
  readonly mig: MigDevice | null;
}

export interface MigDevice {
  /** Index among the MIG devices of its GPU that this process sees. */
  readonly index: number;
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
}

export interface GpuRead {
  readonly state: "available";
  readonly figures: GpuFigures;
}

/** This GPU does not respond, for instance because it has fallen off the bus. */
export interface GpuUnreadable {
  readonly state: "unavailable";
  readonly reason: string;
  readonly message: string;
}

export interface GpuFigures {
  /** Share of the driver's last sampling period in which a kernel ran. Null for MIG devices: NVML has none. */
  readonly utilizationPercent: number | null;
  /** Share of the same period in which device memory was read or written. */
  readonly memoryUtilizationPercent: number | null;
  readonly encoderPercent: number | null;
  readonly decoderPercent: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryTotalBytes: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
  readonly powerLimitWatts: number | null;
  /** Why the clocks are lowered; idling is not a reason. Null: unknown. */
  readonly throttleReasons: readonly string[] | null;
  /** Processes with a compute context, with the driver's process ids; in a container, those of other pods may be hidden. */
  readonly processes: readonly GpuProcess[] | null;
}

export const unknownFigures: GpuFigures = {
  utilizationPercent: null,
  memoryUtilizationPercent: null,
  encoderPercent: null,
  decoderPercent: null,
  memoryUsedBytes: null,
  memoryTotalBytes: null,
  temperatureCelsius: null,
  powerWatts: null,
  powerLimitWatts: null,
  throttleReasons: null,
  processes: null,
};

export interface GpuProcess {
  readonly pid: number;
  readonly memoryUsedBytes: number | null;
}
