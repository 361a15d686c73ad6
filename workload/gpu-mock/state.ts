/** The mock's state file as a typed value. docs/gpu.md describes its format. */
import { renameSync, writeFileSync } from "node:fs";

export interface MockState {
  /** Lines of the system, such as `driver-version` or `delay-ms.nvmlDeviceGetCount_v2`. */
  readonly system?: Readonly<Record<string, string | number>>;
  readonly gpus: readonly MockGpu[];
}

export interface MockGpu {
  readonly figures: Figures;
  readonly mig?: readonly Figures[];
}

/** Lines of one device without their prefix: `utilization-percent`, `process.0`, `error`, `error.<call>`, … */
export type Figures = Readonly<Record<string, string | number>>;

/** Returns a healthy, idle L4 with all figures; `figures` overrides some. */
export function mockGpu(index: number, figures: Figures = {}, mig: readonly Figures[] = []): MockGpu {
  return { figures: { ...idleL4, uuid: `GPU-00000000-0000-0000-0000-00000000000${index}`, ...figures }, mig };
}

const GiB = 2 ** 30;
const MiB = 2 ** 20;

const idleL4: Figures = {
  name: "NVIDIA L4",
  "memory-total-bytes": 23 * GiB,
  "memory-used-bytes": 512 * MiB,
  "memory-reserved-bytes": 600 * MiB,
  "bar1-total-bytes": 32 * GiB,
  "bar1-used-bytes": MiB,
  "utilization-percent": 0,
  "memory-utilization-percent": 0,
  "encoder-percent": 0,
  "decoder-percent": 0,
  "jpeg-percent": 0,
  "ofa-percent": 0,
  "temperature-celsius": 38,
  "power-milliwatts": 16_500,
  "power-limit-milliwatts": 72_000,
  "clocks-event-reasons": "0x1",
  "sm-clock-mhz": 210,
  "memory-clock-mhz": 405,
  "pcie-tx-kilobytes": 0,
  "pcie-rx-kilobytes": 0,
  "ecc-corrected": 0,
  "ecc-uncorrected": 0,
  "power-violation-ns": 0,
  "thermal-violation-ns": 0,
  "pcie-replays": 0,
};

/** Replaces the file atomically: a reader sees the old or the new figures, never a mixture. */
export function writeState(file: string, state: MockState): void {
  writeFileSync(`${file}.new`, formatState(state));
  renameSync(`${file}.new`, file);
}

function formatState({ system = {}, gpus }: MockState): string {
  const lines = (prefix: string, figures: Figures) =>
    Object.entries(figures).map(([key, figure]) => `${prefix}${key} ${figure}`);
  return [
    ...lines("", { "driver-version": "580.82.07", "nvml-version": "13.580.82.07", "cuda-version": "13.0", ...system }),
    ...gpus.flatMap(({ figures, mig = [] }, gpu) => [
      ...lines(`gpu.${gpu}.`, figures),
      ...mig.flatMap((device, index) => lines(`gpu.${gpu}.mig.${index}.`, device)),
    ]),
    "",
  ].join("\n");
}
