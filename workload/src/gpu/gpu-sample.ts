/** What the monitor says about the GPUs that this process may use. Absent figures are null, never zero. */

export type GpuSample = GpusAvailable | GpusUnavailable;

export interface GpusAvailable {
  readonly state: "available";
  /** Such as `580.82.07`. */
  readonly driverVersion: string | null;
  /** The newest CUDA that the driver can run, such as `13.0`. */
  readonly cudaVersion: string | null;
  /** At least one; a GPU with MIG devices is listed as those devices. */
  readonly gpus: readonly Gpu[];
}

/** Nothing can be said about any GPU. */
export interface GpusUnavailable {
  readonly state: "unavailable";
  /** NVML's error without `NVML_ERROR_`, or one of `NOT_ANSWERING`, `NO_VISIBLE_GPU`, `MONITOR_FAILED`. */
  readonly reason: string;
  readonly message: string;
}

export type Gpu = GpuIdentity & (GpuRead | GpuUnreadable);

export interface GpuIdentity {
  /** NVML's index, of the GPU that a MIG device is part of as well. Not stable across hosts or restarts. */
  readonly index: number;
  /** `GPU-…` or `MIG-…`; null when the GPU was lost before it could tell. */
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

/** This GPU does not answer, such as one that has fallen off the bus; the others may. */
export interface GpuUnreadable {
  readonly state: "unavailable";
  readonly reason: string;
  readonly message: string;
}

export interface GpuFigures {
  /** Share of the driver's last sampling period in which a kernel ran. Null on MIG devices: NVML has none for them. */
  readonly utilizationPercent: number | null;
  /** Share of that period in which device memory was read or written. */
  readonly memoryUtilizationPercent: number | null;
  readonly encoderPercent: number | null;
  readonly decoderPercent: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryTotalBytes: number | null;
  readonly temperatureCelsius: number | null;
  readonly powerWatts: number | null;
  readonly powerLimitWatts: number | null;
  /** Why the clocks are lower than they could be; idling is not a reason. Null: not known. */
  readonly throttleReasons: readonly string[] | null;
  /** Processes with a compute context, as the driver numbers them: in a container other pods' may be hidden. */
  readonly processes: readonly GpuProcess[] | null;
}

export interface GpuProcess {
  readonly pid: number;
  readonly memoryUsedBytes: number | null;
}
