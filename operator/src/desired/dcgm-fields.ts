/**
 * The DCGM fields that a spec may request: all of the exporter's own list, and those that throttling needs.
 *
 * An exporter exits at startup if it does not recognize a name, and the cluster loses every GPU metric. So only names from
 * this table are written, in the spelling that exporters before and after 4.9 both resolve: 4.9 accepts the old names, 4.8
 * does not accept the new ones. A spec may use the new spelling where it means the same field in the same unit.
 *
 * @see https://docs.nvidia.com/datacenter/dcgm/latest/reference/dcgm-exporter-metrics.html
 */
export interface DcgmField {
  readonly name: string;
  readonly type: "gauge" | "counter" | "label";
  readonly help: string;
}

const gauges: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_SM_CLOCK: "SM clock in MHz",
  DCGM_FI_DEV_MEM_CLOCK: "Memory clock in MHz",
  DCGM_FI_DEV_MEMORY_TEMP: "Memory temperature in degrees Celsius",
  DCGM_FI_DEV_GPU_TEMP: "GPU temperature in degrees Celsius",
  DCGM_FI_DEV_POWER_USAGE: "Power draw in watts",
  DCGM_FI_DEV_GPU_UTIL: "GPU utilization in percent",
  DCGM_FI_DEV_MEM_COPY_UTIL: "Memory bandwidth utilization in percent",
  DCGM_FI_DEV_ENC_UTIL: "Video encoder utilization in percent",
  DCGM_FI_DEV_DEC_UTIL: "Video decoder utilization in percent",
  DCGM_FI_DEV_XID_ERRORS: "Last XID error",
  DCGM_FI_DEV_CLOCKS_EVENT_REASONS: "Reasons for reduced clocks - one bit per reason",
  DCGM_FI_DEV_FB_TOTAL: "Framebuffer memory in MiB",
  DCGM_FI_DEV_FB_FREE: "Framebuffer memory free in MiB",
  DCGM_FI_DEV_FB_USED: "Framebuffer memory used in MiB",
  DCGM_FI_DEV_FB_RESERVED: "Framebuffer memory reserved by the driver in MiB",
  DCGM_FI_DEV_VGPU_LICENSE_STATUS: "vGPU license status",
  DCGM_FI_DEV_ROW_REMAP_FAILURE: "Whether remapping of rows has failed",
  DCGM_FI_PROF_GR_ENGINE_ACTIVE: "Share of time in which the graphics engine was active",
  DCGM_FI_PROF_SM_ACTIVE: "Share of cycles in which an SM had a warp",
  DCGM_FI_PROF_SM_OCCUPANCY: "Warps resident on an SM relative to its maximum",
  DCGM_FI_PROF_PIPE_TENSOR_ACTIVE: "Share of cycles in which the tensor pipe was active",
  DCGM_FI_PROF_DRAM_ACTIVE: "Share of cycles in which the device memory was active",
  DCGM_FI_PROF_PIPE_FP64_ACTIVE: "Share of cycles in which the FP64 pipe was active",
  DCGM_FI_PROF_PIPE_FP32_ACTIVE: "Share of cycles in which the FP32 pipe was active",
  DCGM_FI_PROF_PIPE_FP16_ACTIVE: "Share of cycles in which the FP16 pipe was active",
  DCGM_FI_PROF_PCIE_TX_BYTES: "Bytes sent over PCIe per second",
  DCGM_FI_PROF_PCIE_RX_BYTES: "Bytes received over PCIe per second",
};

/** Fields that `monitoring.dcgm.profiling` adds: what keeps a GPU busy. The exporter needs SYS_ADMIN to read them. */
export const profilingFields: readonly string[] = [
  "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
  "DCGM_FI_PROF_SM_ACTIVE",
  "DCGM_FI_PROF_SM_OCCUPANCY",
  "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
  "DCGM_FI_PROF_DRAM_ACTIVE",
];

const counters: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION: "Energy used since the driver was loaded in mJ",
  DCGM_FI_DEV_PCIE_REPLAY_COUNTER: "PCIe retries",
  DCGM_FI_DEV_POWER_VIOLATION: "Time throttled by the power limit in ns",
  DCGM_FI_DEV_THERMAL_VIOLATION: "Time throttled by heat in ns",
  DCGM_FI_DEV_SYNC_BOOST_VIOLATION: "Time throttled by sync boost in ns",
  DCGM_FI_DEV_BOARD_LIMIT_VIOLATION: "Time throttled by the board's limit in ns",
  DCGM_FI_DEV_LOW_UTIL_VIOLATION: "Time throttled by low utilization in ns",
  DCGM_FI_DEV_RELIABILITY_VIOLATION: "Time throttled by the reliability limit in ns",
  DCGM_FI_DEV_ECC_SBE_VOL_TOTAL: "Single-bit ECC errors since the driver was loaded",
  DCGM_FI_DEV_ECC_DBE_VOL_TOTAL: "Double-bit ECC errors since the driver was loaded",
  DCGM_FI_DEV_ECC_SBE_AGG_TOTAL: "Single-bit ECC errors in the GPU's life",
  DCGM_FI_DEV_ECC_DBE_AGG_TOTAL: "Double-bit ECC errors in the GPU's life",
  DCGM_FI_DEV_RETIRED_SBE: "Pages retired after single-bit errors",
  DCGM_FI_DEV_RETIRED_DBE: "Pages retired after double-bit errors",
  DCGM_FI_DEV_RETIRED_PENDING: "Pages waiting to be retired",
  DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL: "NVLink traffic over all lanes",
  DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS: "Rows remapped after uncorrectable errors",
  DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS: "Rows remapped after correctable errors",
};

/** Exported as labels of the other metrics. */
const labels: Readonly<Record<string, string>> = {
  DCGM_FI_DRIVER_VERSION: "Driver version",
  DCGM_FI_NVML_VERSION: "NVML version",
  DCGM_FI_DEV_BRAND: "Brand of the GPU",
  DCGM_FI_DEV_SERIAL: "Serial number of the GPU",
  DCGM_FI_DEV_VBIOS_VERSION: "VBIOS version",
};

/** Newer spellings of fields above, with the same number and unit. */
const renamed: Readonly<Record<string, string>> = {
  DCGM_FI_DEV_GPU_TEMP_CELSIUS: "DCGM_FI_DEV_GPU_TEMP",
  DCGM_FI_DEV_BOARD_POWER_WATTS: "DCGM_FI_DEV_POWER_USAGE",
  DCGM_FI_DEV_XID_ERROR: "DCGM_FI_DEV_XID_ERRORS",
  DCGM_FI_DEV_CLOCK_THROTTLE_REASONS: "DCGM_FI_DEV_CLOCKS_EVENT_REASONS",
  DCGM_FI_DEV_NVLINK_THROUGHPUT_TOTAL: "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
  DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO: "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
  DCGM_FI_PROF_TENSOR_UTIL_RATIO: "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
};

function fieldsOf(type: DcgmField["type"], helps: Readonly<Record<string, string>>): readonly DcgmField[] {
  return Object.entries(helps).map(([name, help]) => ({ name, type, help }));
}

const known: ReadonlyMap<string, DcgmField> = new Map(
  [...fieldsOf("gauge", gauges), ...fieldsOf("counter", counters), ...fieldsOf("label", labels)].map((field) => [
    field.name,
    field,
  ]),
);

/** Returns a field by its old or new name; undefined if an exporter might not recognize it. */
export function dcgmField(name: string): DcgmField | undefined {
  return known.get(renamed[name] ?? name);
}
