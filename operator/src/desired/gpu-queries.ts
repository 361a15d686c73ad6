/**
 * The guide's four GPU queries (section GPU Metrics) and two more, correct for every known exporter:
 *
 * | exporter                | utilization                     | memory                | temperature, power     |
 * | ----------------------- | ------------------------------- | --------------------- | ---------------------- |
 * | up to 4.8               | `GPU_UTIL`, percent             | `FB_USED`, MiB        | `GPU_TEMP`, `POWER_USAGE` |
 * | from 4.9 (DCGM 4.7)     | `GPU_UTIL_RATIO`, 0 to 1        | `FB_USED_BYTES`       | `GPU_TEMP_CELSIUS`, `BOARD_POWER_WATTS` |
 * | MIG instances           | `PROF_GR_ENGINE_ACTIVE`, 0 to 1 | `FB_USED`             | -                      |
 *
 * None of them exports `FB_TOTAL` by default, so the total is used + free. A name that an exporter does not export has
 * no series, and the query falls back to the next one. `pods` selects the pods, see `ofPods`.
 */
import { firstOf, gpuMetric, ofPods } from "./promql.ts";

/** Percent of the time in which the GPU was busy; for a MIG instance, which has no `GPU_UTIL`, its graphics engine. */
export function gpuUtilization(pods: string): string {
  const metric = (name: string): string => gpuMetric(name, pods);
  return firstOf(
    metric("DCGM_FI_DEV_GPU_UTIL"),
    `100 * ${metric("DCGM_FI_DEV_GPU_UTIL_RATIO")}`,
    `100 * ${metric("DCGM_FI_PROF_GR_ENGINE_ACTIVE")}`,
    `100 * ${metric("DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO")}`,
  );
}

/**
 * Percent of the GPU's memory in use, by all of its processes. For a pod without the exporter's series, which has no pods for
 * shared GPUs (time-slicing, MPS), those that the processor itself exports.
 */
export function gpuMemoryUsed(pods: string): string {
  const percent = (suffix: string): string => {
    const used = gpuMetric(`DCGM_FI_DEV_FB_USED${suffix}`, pods);
    const free = gpuMetric(`DCGM_FI_DEV_FB_FREE${suffix}`, pods);
    return `100 * ${used} / (${used} + ${free})`;
  };
  const own = (name: string): string => `max by (namespace, service, pod, gpu) (${ofPods(name, pods)})`;
  const reported = `100 * ${own("gpumedia_gpu_memory_used_bytes")} / ${own("gpumedia_gpu_memory_total_bytes")}`;
  // By pod: in a container, the index of a GPU is not that of its node.
  return `(${firstOf(percent(""), percent("_BYTES"))})\nor on (namespace, pod)\n${reported}`;
}

/** Degrees Celsius. */
export function gpuTemperature(pods: string): string {
  return firstOf(gpuMetric("DCGM_FI_DEV_GPU_TEMP", pods), gpuMetric("DCGM_FI_DEV_GPU_TEMP_CELSIUS", pods));
}

/** Watts. */
export function gpuPowerUsage(pods: string): string {
  return firstOf(gpuMetric("DCGM_FI_DEV_POWER_USAGE", pods), gpuMetric("DCGM_FI_DEV_BOARD_POWER_WATTS", pods));
}

/** The driver's last XID error; 0 or absent if there was none since it was loaded. */
export function gpuLastXid(pods: string): string {
  return firstOf(gpuMetric("DCGM_FI_DEV_XID_ERRORS", pods), gpuMetric("DCGM_FI_DEV_XID_ERROR", pods));
}

/** Current reasons for reduced clocks, one bit per reason (nvmlClocksEventReasons). */
export function gpuClockReasons(pods: string): string {
  return firstOf(
    gpuMetric("DCGM_FI_DEV_CLOCKS_EVENT_REASONS", pods),
    gpuMetric("DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", pods),
  );
}
