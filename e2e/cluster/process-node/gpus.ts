/** The node's GPUs: given out as the device plugin does, and each pod's own mock of NVML, whose figures follow its load. */
import { join } from "node:path";
import { mockLibrary } from "../../../workload/gpu-mock/library.ts";
import { mockGpu, writeState, type Figures } from "../../../workload/gpu-mock/state.ts";

export const gpuResource = "nvidia.com/gpu";

/** An idle L4 draws so much; in full use its limit. In milliwatts. */
const idlePower = 16_500;
const fullPower = 72_000;

/** A GPU that is busy to so many percent, and what goes with it. */
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

  /** Takes so many; undefined, and none taken, if there are fewer. */
  take(count: number, directory: string): PodGpus | undefined {
    if (count > this.#free.length) return undefined;
    const taken = this.#free.splice(0, count);
    const giveBack = (): void => {
      this.#free.push(...taken.splice(0));
      this.#free.sort((a, b) => a - b);
    };
    return new PodGpus([...taken], join(directory, "nvml"), giveBack);
  }
}

export class PodGpus {
  readonly #uuids: readonly string[];
  readonly #stateFile: string;
  readonly giveBack: () => void;

  constructor(indices: readonly number[], stateFile: string, giveBack: () => void) {
    this.#uuids = indices.map((index) => `GPU-00000000-0000-0000-0000-${String(index).padStart(12, "0")}`);
    this.#stateFile = stateFile;
    this.giveBack = giveBack;
    this.show(0);
  }

  /** What the device plugin and the container toolkit would set and mount. */
  get environment(): Readonly<Record<string, string>> {
    if (this.#uuids.length === 0) return {};
    const library = mockLibrary();
    if (library.kind === "no-compiler") throw new Error(library.message);
    return {
      NVIDIA_VISIBLE_DEVICES: this.#uuids.join(","),
      LD_LIBRARY_PATH: library.folder,
      GPUMEDIA_NVML_MOCK: this.#stateFile,
      // There is no CUDA: the model runs on the CPU, while the figures are those of the pod's GPUs.
      GPUMEDIA_ACCELERATOR: "cpu",
    };
  }

  get count(): number {
    return this.#uuids.length;
  }

  /** From now on NVML tells this utilization, and a power that goes with it. */
  show(utilizationPercent: number): void {
    if (this.#uuids.length === 0) return;
    const figures = busyFigures(utilizationPercent);
    writeState(this.#stateFile, { gpus: this.#uuids.map((uuid, index) => mockGpu(index, { ...figures, uuid })) });
  }
}
