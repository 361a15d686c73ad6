/** DCGM's fields from the mock's figures, in the units of exporters up to 4.8. Pure. */

/** The figures of one GPU in the mock's file, by the keys of docs/gpu.md. */
export type GpuFigures = Readonly<Record<string, string>>;

const mebibyte = 2 ** 20;
const figure =
  (key: string, unit = 1) =>
  (gpu: GpuFigures): number | undefined =>
    gpu[key] === undefined ? undefined : Number(gpu[key]) / unit;

/** A field that this GPU lacks is left out, as DCGM's blank values are. */
export const fields: Readonly<Record<string, (gpu: GpuFigures) => number | undefined>> = {
  DCGM_FI_DEV_GPU_UTIL: figure("utilization-percent"),
  DCGM_FI_DEV_MEM_COPY_UTIL: figure("memory-utilization-percent"),
  DCGM_FI_DEV_ENC_UTIL: figure("encoder-percent"),
  DCGM_FI_DEV_DEC_UTIL: figure("decoder-percent"),
  DCGM_FI_DEV_GPU_TEMP: figure("temperature-celsius"),
  DCGM_FI_DEV_MEMORY_TEMP: figure("memory-temperature-celsius"),
  DCGM_FI_DEV_POWER_USAGE: figure("power-milliwatts", 1_000),
  DCGM_FI_DEV_SM_CLOCK: figure("sm-clock-mhz"),
  DCGM_FI_DEV_MEM_CLOCK: figure("memory-clock-mhz"),
  DCGM_FI_DEV_FB_USED: figure("memory-used-bytes", mebibyte),
  DCGM_FI_DEV_FB_RESERVED: figure("memory-reserved-bytes", mebibyte),
  DCGM_FI_DEV_FB_TOTAL: figure("memory-total-bytes", mebibyte),
  DCGM_FI_DEV_FB_FREE: (gpu) =>
    ["used", "reserved"].reduce<number | undefined>(
      (free, part) => free && free - (figure(`memory-${part}-bytes`, mebibyte)(gpu) ?? 0),
      figure("memory-total-bytes", mebibyte)(gpu),
    ),
  DCGM_FI_DEV_XID_ERRORS: (gpu) => figure("xid")(gpu) ?? 0,
  DCGM_FI_DEV_CLOCKS_EVENT_REASONS: figure("clocks-event-reasons"),
  DCGM_FI_DEV_PCIE_REPLAY_COUNTER: figure("pcie-replays"),
  DCGM_FI_DEV_POWER_VIOLATION: figure("power-violation-ns"),
  DCGM_FI_DEV_THERMAL_VIOLATION: figure("thermal-violation-ns"),
  DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: figure("ecc-corrected"),
  DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: figure("ecc-uncorrected"),
};

/** The GPUs in the mock's file, in order; one whose calls all fail has no figures. */
export function parseState(text: string): readonly GpuFigures[] {
  const gpus: Record<string, string>[] = [];
  for (const line of text.split("\n")) {
    const [, index, key, value] = /^gpu\.(\d+)\.(\S+) (.*)$/.exec(line) ?? [];
    if (index !== undefined && key !== undefined) (gpus[Number(index)] ??= {})[key] = value ?? "";
  }
  return gpus;
}
