import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { dcgmMetrics } from "./dcgm-metrics.ts";
import { sampleService } from "./service.sample.ts";

const guides = [
  "DCGM_FI_DEV_CLOCKS_EVENT_REASONS, gauge, Reasons for reduced clocks - one bit per reason",
  "DCGM_FI_DEV_DEC_UTIL, gauge, Video decoder utilization in percent",
  "DCGM_FI_DEV_ENC_UTIL, gauge, Video encoder utilization in percent",
  "DCGM_FI_DEV_FB_FREE, gauge, Framebuffer memory free in MiB",
  "DCGM_FI_DEV_FB_TOTAL, gauge, Framebuffer memory in MiB",
  "DCGM_FI_DEV_FB_USED, gauge, Framebuffer memory used in MiB",
  "DCGM_FI_DEV_GPU_TEMP, gauge, GPU temperature in degrees Celsius",
  "DCGM_FI_DEV_GPU_UTIL, gauge, GPU utilization in percent",
  "DCGM_FI_DEV_POWER_USAGE, gauge, Power draw in watts",
  "DCGM_FI_DEV_XID_ERRORS, gauge, Last XID error",
];
const profiling = [
  "DCGM_FI_PROF_DRAM_ACTIVE, gauge, Share of cycles in which the device memory was active",
  "DCGM_FI_PROF_GR_ENGINE_ACTIVE, gauge, Share of time in which the graphics engine was active",
  "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE, gauge, Share of cycles in which the tensor pipe was active",
  "DCGM_FI_PROF_SM_ACTIVE, gauge, Share of cycles in which an SM had a warp",
  "DCGM_FI_PROF_SM_OCCUPANCY, gauge, Warps resident on an SM relative to its maximum",
];
const fields = (...names: string[]): GpuMediaServiceSpec => ({ monitoring: { dcgm: { fields: names } } });

describe("metrics of the cluster's DCGM exporters", () => {
  const cases: {
    readonly [title: string]: {
      readonly specs: readonly GpuMediaServiceSpec[];
      /** Lines of the list; null: no ConfigMap. */
      readonly lines: readonly string[] | null;
      readonly unknown?: readonly string[];
    };
  } = {
    "no service: no ConfigMap": { specs: [], lines: null },
    "no service that requests metrics: no ConfigMap": {
      specs: [{ gpu: { count: 0 } }, { profile: "development" }, fields()],
      lines: null,
    },
    "the guide's fields, sorted by name": { specs: [{}], lines: guides },
    "two services that request the same fields": { specs: [{}, {}], lines: guides },
    "the union of all requested fields": {
      specs: [fields("DCGM_FI_DEV_SM_CLOCK"), fields("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "DCGM_FI_DRIVER_VERSION")],
      lines: [
        "DCGM_FI_DEV_PCIE_REPLAY_COUNTER, counter, PCIe retries",
        "DCGM_FI_DEV_SM_CLOCK, gauge, SM clock in MHz",
        "DCGM_FI_DRIVER_VERSION, label, Driver version",
      ],
    },
    "profiling fields only if a service requests them": {
      specs: [{}, { monitoring: { dcgm: { profiling: true } } }],
      lines: [...guides, ...profiling],
    },
    "a field requested in both spellings once, in the one that old exporters know": {
      specs: [fields("DCGM_FI_DEV_GPU_TEMP_CELSIUS", "DCGM_FI_DEV_BOARD_POWER_WATTS"), fields("DCGM_FI_DEV_GPU_TEMP")],
      lines: [
        "DCGM_FI_DEV_GPU_TEMP, gauge, GPU temperature in degrees Celsius",
        "DCGM_FI_DEV_POWER_USAGE, gauge, Power draw in watts",
      ],
    },
    "no field that an exporter may not know, because it would exit at its start": {
      specs: [fields("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_UTL", "DCGM_FI_DEV_FB_USED_BYTES")],
      lines: ["DCGM_FI_DEV_GPU_UTIL, gauge, GPU utilization in percent"],
      unknown: ["DCGM_FI_DEV_FB_USED_BYTES", "DCGM_FI_DEV_GPU_UTL"],
    },
    "only unknown fields": { specs: [fields("DCGM_FI_NONE")], lines: null, unknown: ["DCGM_FI_NONE"] },
  };
  for (const [title, { specs, lines, unknown = [] }] of Object.entries(cases)) {
    it(title, () => {
      const services = specs.map((spec) => sampleService(spec));
      const csv = `# Written by gpumedia-operator: the fields that GpuMediaServices request.\n${(lines ?? []).join("\n")}\n`;
      const manifest = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name: "gpumedia-dcgm-metrics",
          namespace: "gpumedia-system",
          labels: {
            "app.kubernetes.io/name": "gpumedia-dcgm-metrics",
            "app.kubernetes.io/managed-by": "gpumedia-operator",
            "app.kubernetes.io/part-of": "gpumedia",
          },
        },
        data: { metrics: csv, "dcgm-metrics.csv": csv },
      };
      const expected = { manifest: lines === null ? null : manifest, unknownFields: unknown };
      assert.deepEqual(dcgmMetrics(services, "gpumedia-system"), expected);
      assert.deepEqual(dcgmMetrics(services.toReversed(), "gpumedia-system"), expected);
    });
  }

  it("has three columns in every line, as the exporter's parser requires", () => {
    const { manifest } = dcgmMetrics([sampleService({ monitoring: { dcgm: { profiling: true } } })], "gpumedia-system");
    const { metrics } = (manifest as unknown as { data: { metrics: string } }).data;
    for (const line of metrics.trim().split("\n").slice(1)) assert.equal(line.split(",").length, 3, line);
  });
});
