/** Series of exporters, and what the recording rules record of them. */
import {
  exporter48,
  exporter49,
  fakeExporter,
  otherPod,
  pod,
  processor,
  type InputSeries,
} from "./prometheus-rules.series.ts";

interface RuleQuery {
  readonly series: readonly InputSeries[];
  /** The time of the evaluation. */
  readonly at?: string;
  /** Samples by recorded series and labels; an empty object if there are none. */
  readonly recorded: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const utilization = "gpumedia:gpu_utilization:percent";
const memory = "gpumedia:gpu_memory_used:percent";
const temperature = "gpumedia:gpu_temperature:celsius";
const power = "gpumedia:gpu_power_usage:watts";

const of = (workload: string, gpu = "0", instance?: string): string =>
  `{namespace="media",service="upscaler",pod="${workload}",gpu="${gpu}"${instance === undefined ? "" : `,GPU_I_ID="${instance}"`}}`;

export const ruleQueries: Readonly<Record<string, RuleQuery>> = {
  "the guide's four queries with an exporter up to 4.8": {
    series: exporter48(
      {},
      { DEV_GPU_UTIL: 70, DEV_FB_USED: 4000, DEV_FB_FREE: 12_000, DEV_GPU_TEMP: 61, DEV_POWER_USAGE: 150 },
    ),
    recorded: {
      [utilization]: { [of(pod)]: 70 },
      [memory]: { [of(pod)]: 25 },
      [temperature]: { [of(pod)]: 61 },
      [power]: { [of(pod)]: 150 },
    },
  },
  "the guide's four queries with an exporter from 4.9 on, which has other names and units": {
    series: exporter49(
      {},
      {
        DEV_GPU_UTIL_RATIO: 0.75,
        DEV_FB_USED_BYTES: 4e9,
        DEV_FB_FREE_BYTES: 12e9,
        DEV_GPU_TEMP_CELSIUS: 61,
        DEV_BOARD_POWER_WATTS: 150,
      },
    ),
    recorded: {
      [utilization]: { [of(pod)]: 75 },
      [memory]: { [of(pod)]: 25 },
      [temperature]: { [of(pod)]: 61 },
      [power]: { [of(pod)]: 150 },
    },
  },
  "the metrics of the fake exporter, and no others": {
    series: fakeExporter({}, { DEV_GPU_UTIL: 70, DEV_FB_USED: 4000, DEV_FB_FREE: 12_000 }),
    recorded: { [utilization]: { [of(pod)]: 70 }, [memory]: { [of(pod)]: 25 }, [temperature]: {}, [power]: {} },
  },
  "each GPU of each pod": {
    series: [
      ...exporter48({ gpu: "0" }, { DEV_GPU_UTIL: 10 }),
      ...exporter48({ gpu: "1" }, { DEV_GPU_UTIL: 20 }),
      ...exporter48({ gpu: "2", pod: otherPod }, { DEV_GPU_UTIL: 30 }),
    ],
    recorded: { [utilization]: { [of(pod, "0")]: 10, [of(pod, "1")]: 20, [of(otherPod, "2")]: 30 } },
  },
  "no idle GPU, whose series have the exporter's own pod": {
    series: exporter48({ pod: null }, { DEV_GPU_UTIL: 0, DEV_FB_USED: 0, DEV_FB_FREE: 16_000 }),
    recorded: { [utilization]: {}, [memory]: {} },
  },
  "no GPU of another service or namespace": {
    series: [
      ...exporter48({ pod: "upscaler-2x-6d4c8b7f9d-x2k4p" }, { DEV_GPU_UTIL: 90 }),
      ...exporter48({ gpu: "1", namespace: "other" }, { DEV_GPU_UTIL: 90 }),
      ...fakeExporter({ gpu: "2", pod: "upscaler-loadtest-x2k4p" }, { DEV_GPU_UTIL: 90 }),
    ],
    recorded: { [utilization]: {} },
  },
  "the memory of a shared GPU, for which the exporter names no pod, by the processor's own series": {
    series: [
      ...exporter48({ pod: null }, { DEV_FB_USED: 15_000, DEV_FB_FREE: 1000 }),
      processor("gpumedia_gpu_memory_used_bytes", "15x60", 'gpu="0",uuid="GPU-0"'),
      processor("gpumedia_gpu_memory_total_bytes", "20x60", 'gpu="0",uuid="GPU-0"'),
    ],
    recorded: { [memory]: { [of(pod)]: 75 } },
  },
  "the memory by the exporter alone where it names the pod, also with another index than in the container": {
    series: [
      ...exporter48({ gpu: "3" }, { DEV_FB_USED: 4000, DEV_FB_FREE: 12_000 }),
      processor("gpumedia_gpu_memory_used_bytes", "5x60", 'gpu="0",uuid="GPU-3"'),
      processor("gpumedia_gpu_memory_total_bytes", "20x60", 'gpu="0",uuid="GPU-3"'),
    ],
    recorded: { [memory]: { [of(pod, "3")]: 25 } },
  },
  "MIG instances by their graphics engine, as they have no GPU_UTIL": {
    series: [
      ...exporter48({ instance: "3" }, { PROF_GR_ENGINE_ACTIVE: 0.5, DEV_FB_USED: 1000, DEV_FB_FREE: 9000 }),
      ...exporter48(
        { instance: "4", pod: otherPod },
        { PROF_GR_ENGINE_ACTIVE: 0.25, DEV_FB_USED: 2000, DEV_FB_FREE: 8000 },
      ),
    ],
    recorded: {
      [utilization]: { [of(pod, "0", "3")]: 50, [of(otherPod, "0", "4")]: 25 },
      [memory]: { [of(pod, "0", "3")]: 10, [of(otherPod, "0", "4")]: 20 },
    },
  },
  "MIG instances of an exporter from 4.9 on": {
    series: exporter49({ instance: "3" }, { PROF_GR_ENGINE_UTIL_RATIO: 0.5 }),
    recorded: { [utilization]: { [of(pod, "0", "3")]: 50 } },
  },
  "GPU_UTIL where the metric of the graphics engine is exported too": {
    series: exporter48({}, { DEV_GPU_UTIL: 70, PROF_GR_ENGINE_ACTIVE: 0.4 }),
    recorded: { [utilization]: { [of(pod)]: 70 } },
  },
  "one series while exporters are upgraded and a GPU has both names": {
    series: [...exporter48({}, { DEV_GPU_UTIL: 70 }), ...exporter49({}, { DEV_GPU_UTIL_RATIO: 0.7 })],
    recorded: { [utilization]: { [of(pod)]: 70 } },
  },
  "one series for an exporter that is scraped twice": {
    series: [
      ...exporter48({}, { DEV_GPU_UTIL: 70, DEV_FB_USED: 4000, DEV_FB_FREE: 12_000 }),
      ...exporter48({ job: "again" }, { DEV_GPU_UTIL: 70, DEV_FB_USED: 4000, DEV_FB_FREE: 12_000 }),
    ],
    recorded: { [utilization]: { [of(pod)]: 70 }, [memory]: { [of(pod)]: 25 } },
  },
  "the p95, the rate of requests and the ratio of rejections": {
    series: [
      // Each minute 600 requests: 540 within 10 ms, all within 25 ms.
      processor("gpu_processing_seconds_bucket", "0+0x60", 'le="0.005"'),
      processor("gpu_processing_seconds_bucket", "0+540x60", 'le="0.01"'),
      processor("gpu_processing_seconds_bucket", "0+600x60", 'le="0.025"'),
      processor("gpu_processing_seconds_bucket", "0+600x60", 'le="+Inf"'),
      processor("gpumedia_requests_total", "0+594x60", 'outcome="accepted"'),
      processor("gpumedia_requests_total", "0+6x60", 'outcome="rejected"'),
    ],
    at: "30m",
    recorded: {
      "gpumedia:gpu_processing_seconds:p95": { '{namespace="media",service="upscaler"}': 0.0175 },
      "gpumedia:requests:rate5m": { '{namespace="media",service="upscaler"}': 10 },
      "gpumedia:rejections:ratio5m": { '{namespace="media",service="upscaler"}': 0.01 },
    },
  },
  "a ratio of 0 for a service that has not rejected a request yet": {
    series: [processor("gpumedia_requests_total", "0+60x30 1800x30", 'outcome="accepted"')],
    at: "20m",
    recorded: { "gpumedia:rejections:ratio5m": { '{namespace="media",service="upscaler"}': 0 } },
  },
  "no ratio of rejections while there are no requests": {
    series: [processor("gpumedia_requests_total", "0+60x30 1800x30", 'outcome="accepted"')],
    at: "50m",
    recorded: { "gpumedia:rejections:ratio5m": {} },
  },
};
