import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { healthy } from "./aggregate.sample.ts";
import type { GpuSharing } from "./gpu-sharing.ts";
import { serviceSharing, type SharingReading } from "./scaling-metric.ts";

const known: SharingReading = { warmingUp: false, figures: healthy, pending: 0, gpuSharing: undefined };

describe("the sharing of a service's GPUs", () => {
  const cases: Readonly<
    Record<
      string,
      {
        readonly spec?: GpuMediaServiceSpec;
        readonly reading?: Partial<SharingReading>;
        readonly written?: GpuSharing;
        readonly is: GpuSharing | undefined;
      }
    >
  > = {
    "none where each pod has its GPUs alone": { is: undefined },
    "that of its pods": { reading: { gpuSharing: "MPS" }, is: "MPS" },
    "that of its resource before a pod exists": {
      spec: { gpu: { resourceName: "nvidia.com/mig-1g.10gb" } },
      reading: { figures: undefined },
      is: "MIG",
    },
    "stated by the spec, for sharing that leaves no sign": {
      spec: { autoscaling: { horizontal: { gpuMetric: "Busy" } } },
      is: "Shared",
    },
    "none of a service without GPUs": { spec: { gpu: { count: 0 } }, reading: { gpuSharing: "MPS" }, is: undefined },
    "the written one while a new leader collects": { reading: { warmingUp: true }, written: "Shared", is: "Shared" },
    "the written one while no pod reports": { reading: { figures: undefined }, written: "MIG", is: "MIG" },
    "the written one until all pods have reported": { reading: { pending: 1 }, written: "Shared", is: "Shared" },
    "none once the reports show that it has ended": { written: "Shared", is: undefined },
  };
  for (const [title, { spec, reading, written, is }] of Object.entries(cases)) {
    it(`is ${title}`, () => {
      assert.equal(serviceSharing(sampleService(spec), { ...known, ...reading }, written), is);
    });
  }
});
