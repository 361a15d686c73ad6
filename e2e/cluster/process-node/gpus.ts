/** The node's GPUs: allocated as by the device plugin, each pod with its own mock of NVML, which follows the pod's load. */
import { join } from "node:path";
import { mockLibrary } from "../../../workload/gpu-mock/library.ts";
import { mockGpu, writeState, type Figures } from "../../../workload/gpu-mock/state.ts";

export const gpuResource = "nvidia.com/gpu";

/** The power draw of an L4, idle and at its limit, in milliwatts. */
const idlePower = 16_500;
const fullPower = 72_000;

/** Utilization, and the power and temperature that go with it. */
export function busyFigures(utilizationPercent: number): Figures {
  return {
    "utilization-percent": Math.round(utilizationPercent),
    "power-milliwatts": Math.round(idlePower + ((fullPower - idlePower) * utilizationPercent) / 100),
    "temperature-celsius": Math.round(38 + utilizationPercent * 0.3),
  };
}

export class Gpus {
  readonly #free: number[];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, index) => index);
  }

  /** Allocates GPUs; undefined, and none allocated, if too few are free. */
  allocate(count: number, directory: string): PodGpus | undefined {
    if (count > this.#free.length) return undefined;
    const allocated = this.#free.splice(0, count);
    const release = (): void => {
      this.#free.push(...allocated.splice(0));
      this.#free.sort((a, b) => a - b);
    };
    return new PodGpus([...allocated], join(directory, "nvml"), release);
  }
}

export class PodGpus {
  readonly #uuids: readonly string[];
  readonly #stateFile: string;
  readonly release: () => void;

  constructor(indices: readonly number[], stateFile: string, release: () => void) {
    this.#uuids = indices.map((index) => `GPU-00000000-0000-0000-0000-${String(index).padStart(12, "0")}`);
    this.#stateFile = stateFile;
    this.release = release;
    this.show(0);
  }

  /** In place of what the device plugin and the container toolkit set and mount. */
  get environment(): Readonly<Record<string, string>> {
    if (this.#uuids.length === 0) return {};
    const library = mockLibrary();
    if (library.kind === "no-compiler") throw new Error(library.message);
    return {
      NVIDIA_VISIBLE_DEVICES: this.#uuids.join(","),
      LD_LIBRARY_PATH: library.folder,
      GPUMEDIA_NVML_MOCK: this.#stateFile,
      // There is no CUDA: the model runs on the CPU, while NVML reports the pod's GPUs.
      GPUMEDIA_ACCELERATOR: "cpu",
    };
  }

  get count(): number {
    return this.#uuids.length;
  }

  /** Sets the utilization that NVML reports, and the power that goes with it. */
  show(utilizationPercent: number): void {
    if (this.#uuids.length === 0) return;
    const figures = busyFigures(utilizationPercent);
    writeState(this.#stateFile, { gpus: this.#uuids.map((uuid, index) => mockGpu(index, { ...figures, uuid })) });
  }
}
