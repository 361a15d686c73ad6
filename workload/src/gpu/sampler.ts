/** Samples the visible GPUs, synchronously. Runs in the monitor's thread, where a call may hang without harm. */
import { readDmonFigures, type DmonFigures } from "./dmon-figures.ts";
import { readFigures } from "./figures.ts";
import type { Gpu, GpuIdentity, GpusAvailable, GpuSample, GpusUnavailable } from "./gpu-sample.ts";
import { isLost, type NvmlResult, type NvmlFailure } from "./nvml-result.ts";
import type { Nvml } from "./nvml-library.ts";
import { type Device, type LostDevice, seenDevices } from "./seen-devices.ts";
import { visibleDevices } from "./visible-devices.ts";

export interface DmonReading {
  readonly identity: GpuIdentity;
  /** Null: the GPU does not respond. */
  readonly figures: DmonFigures | null;
}

export type DmonSample = { readonly state: "available"; readonly readings: readonly DmonReading[] } | GpusUnavailable;

export class Sampler {
  readonly #nvml: Nvml;
  readonly #visible: string | undefined;
  readonly #known = new Map<number, GpuIdentity>();
  #initialised = false;

  /** `visible`: the value of `NVIDIA_VISIBLE_DEVICES`. */
  constructor(nvml: Nvml, visible: string | undefined) {
    this.#nvml = nvml;
    this.#visible = visible;
  }

  sample(): GpuSample {
    const devices = this.#devices();
    if ("kind" in devices) return unavailable(devices);
    if (devices.length === 0) return noneVisible(this.#visible);
    return { state: "available", ...this.#versions(), gpus: devices.map((device) => this.#gpu(device)) };
  }

  sampleForDmon(): DmonSample {
    const devices = this.#devices();
    if ("kind" in devices) return unavailable(devices);
    if (devices.length === 0) return noneVisible(this.#visible);
    const readings = devices.map((device): DmonReading => {
      const figures = "failure" in device ? device.failure : this.#read(readDmonFigures(this.#nvml, device));
      return { identity: device.identity, figures: figures.kind === "value" ? figures.value : null };
    });
    return { state: "available", readings };
  }

  #devices(): NvmlFailure | readonly (Device | LostDevice)[] {
    if (!this.#initialised) {
      const failed = this.#nvml.call("nvmlInit_v2");
      if (failed !== null) return failed;
      this.#initialised = true;
    }
    const seen = seenDevices(this.#nvml, this.#known);
    if (!("kind" in seen)) return visibleDevices(this.#visible, seen);
    this.#reset(seen);
    return seen;
  }

  #gpu(device: Device | LostDevice): Gpu {
    const figures = "failure" in device ? device.failure : this.#read(readFigures(this.#nvml, device));
    if (figures.kind === "failure") return { ...device.identity, ...unavailable(figures) };
    return { ...device.identity, state: "available", figures: figures.value };
  }

  #read<T>(result: NvmlResult<T>): NvmlResult<T> {
    if (result.kind === "failure") this.#reset(result);
    return result;
  }

  #versions(): Pick<GpusAvailable, "driverVersion" | "cudaVersion"> {
    const driver = this.#nvml.text("nvmlSystemGetDriverVersion");
    const cuda = this.#nvml.number("nvmlSystemGetCudaDriverVersion_v2");
    return {
      driverVersion: driver.kind === "value" ? driver.value : null,
      cudaVersion:
        cuda.kind === "value" ? `${Math.floor(cuda.value / 1000)}.${Math.floor((cuda.value % 1000) / 10)}` : null,
    };
  }

  /** Makes the next sample initialise NVML again: until then, NVML keeps reporting a lost GPU as lost. */
  #reset(failed: NvmlFailure): void {
    if (!this.#initialised || !isLost(failed)) return;
    this.#nvml.call("nvmlShutdown");
    this.#initialised = false;
  }
}

function unavailable({ code, message }: NvmlFailure): GpusUnavailable {
  return { state: "unavailable", reason: code, message };
}

function noneVisible(variable: string | undefined): GpusUnavailable {
  const cause = variable === undefined ? "" : ` that matches NVIDIA_VISIBLE_DEVICES=${variable}`;
  return { state: "unavailable", reason: "NO_VISIBLE_GPU", message: `NVML shows no GPU${cause}` };
}
