import assert from "node:assert/strict";
import { samplePod } from "../observe/pod-view.sample.ts";
import { gpuSharing, type GpuSharing, type SharingSigns } from "./gpu-sharing.ts";
import { readPods } from "./reading.ts";
import { sampleReport } from "./report.sample.ts";
import { readReport, type Sample, type SampledGpu } from "./sample.ts";
import { UtilizationWindow, windowMs } from "./window.ts";

const whole: SampledGpu = { uuid: "GPU-0", isMig: false, isMeasured: true, memoryPercent: 40 };
const gpu = { devices: { "nvidia.com/gpu": 1 } };

describe("the sharing of a pod's GPUs", () => {
  const cases: Readonly<Record<string, readonly [Partial<SharingSigns>, GpuSharing | undefined]>> = {
    "a GPU of its own": [{}, undefined],
    "a GPU of its own, the node has the labels of GPU Feature Discovery": [
      { nodeLabels: { "nvidia.com/gpu.sharing-strategy": "none", "nvidia.com/gpu.replicas": "1" } },
      undefined,
    ],
    "the device plugin's time-slicing": [
      { nodeLabels: { "nvidia.com/gpu.sharing-strategy": "time-slicing", "nvidia.com/gpu.replicas": "4" } },
      "TimeSlicing",
    ],
    "labels from before the strategy was one": [{ nodeLabels: { "nvidia.com/gpu.replicas": "4" } }, "TimeSlicing"],
    "the device plugin's MPS": [{ nodeLabels: { "nvidia.com/gpu.sharing-strategy": "mps" } }, "MPS"],
    "GKE's time-sharing": [
      { nodeLabels: { "cloud.google.com/gke-gpu-sharing-strategy": "time-sharing" } },
      "TimeSlicing",
    ],
    "a pod without GPUs on such a node": [
      { pod: { devices: {} }, sample: { gpus: [] }, nodeLabels: { "nvidia.com/gpu.sharing-strategy": "mps" } },
      undefined,
    ],
    "a renamed resource": [{ pod: { devices: { "nvidia.com/gpu.shared": 1 } } }, "Shared"],
    "HAMi's share of the memory": [{ pod: { devices: { "nvidia.com/gpu": 1, "nvidia.com/gpumem": 3000 } } }, "Shared"],
    "a GPU that another pod reports, too": [{ seenShared: true }, "Shared"],
    "a MIG device by its own resource": [{ pod: { devices: { "nvidia.com/mig-1g.10gb": 1 } } }, "MIG"],
    "a MIG device as nvidia.com/gpu (strategy single)": [
      { sample: { gpus: [{ ...whole, isMig: true, isMeasured: false }] } },
      "MIG",
    ],
    "a GPU without a utilization": [{ sample: { gpus: [{ ...whole, isMeasured: false }] } }, "NotMeasured"],
    "no report yet": [{ sample: undefined }, undefined],
    "a GPU that is lost, so that the pod reports none": [{ sample: { gpus: [] } }, undefined],
  };
  for (const [title, [signs, is]] of Object.entries(cases)) {
    it(`${title}: ${is ?? "none"}`, () => {
      const all = { pod: gpu, nodeLabels: undefined, sample: { gpus: [whole] }, seenShared: false, ...signs };
      assert.equal(gpuSharing(all), is);
    });
  }
});

describe("the reading of services that share GPUs", () => {
  const sample = readReport(JSON.stringify(sampleReport)) as Sample;
  const window = new UtilizationWindow(36_000);
  const pods = [
    { uid: "a", service: "media/upscaler" as const, uuid: "GPU-0", memoryPercent: 91 },
    { uid: "b", service: "media/upscaler" as const, uuid: "GPU-1", memoryPercent: 20 },
    { uid: "c", service: "media/thumbs" as const, uuid: "GPU-0", memoryPercent: 92 },
    { uid: "d", service: "lab/notebook" as const, uuid: "GPU-2", memoryPercent: 10 },
  ].map(({ uid, service, uuid, memoryPercent }) => {
    const pod = samplePod({ ...gpu, name: uid, uid, service, ip: "10.0.0.1", ready: true });
    window.begin(pod, 0);
    window.report(uid, { ...sample, gpus: [{ ...whole, uuid, memoryPercent }] }, 0);
    return pod;
  });
  const read = (service: string, labels: Readonly<Record<string, string>> = {}) => {
    const own = pods.filter((pod) => pod.service === service);
    const { gpuSharing: sharing, sharedGpus } = readPods(own, window, () => labels, 0);
    return { sharing, sharedGpus };
  };

  it("has the pods of all services that report a GPU, and its memory by all of them", () => {
    const services = { "media/thumbs": 1, "media/upscaler": 1 };
    assert.deepEqual(read("media/upscaler"), {
      sharing: "Shared",
      sharedGpus: [{ uuid: "GPU-0", memoryPercent: 91, services }],
    });
    assert.deepEqual(read("media/thumbs").sharedGpus, [{ uuid: "GPU-0", memoryPercent: 92, services }]);
    assert.deepEqual(read("lab/notebook"), { sharing: undefined, sharedGpus: [] });
  });

  it("is that of the nodes while there are no neighbours yet", () => {
    const labels = { "nvidia.com/gpu.sharing-strategy": "mps" };
    assert.deepEqual(read("lab/notebook", labels), { sharing: "MPS", sharedGpus: [] });
  });
});

describe("the loads of a service's pods", () => {
  const sample = readReport(JSON.stringify(sampleReport)) as Sample;

  it("are those of pods that have reported for the whole window", () => {
    const window = new UtilizationWindow(36_000);
    const pods = ["new", "old"].map((name) => samplePod({ name, uid: name, ip: "10.0.0.1", ready: true }));
    for (let at = 0; at <= windowMs; at += 15_000) {
      for (const pod of pods) {
        if (pod.name === "new" && at === 0) continue;
        window.begin(pod, at);
        window.report(
          pod.uid,
          { ...sample, gpus: [], workersBusyPercent: at / 1_000, gpuPercent: 10, sessions: 2 },
          at,
        );
      }
    }
    const { loads } = readPods(pods, window, () => undefined, windowMs);
    assert.deepEqual(loads, [{ name: "old", least: 10, mean: 32, most: 60, sessions: 2 }]);
  });
});
