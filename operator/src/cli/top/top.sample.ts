/** Services and pods for the tests of `top`. */
import type { UtilizationReport } from "@gpumedia/api";
import { storedObject } from "../../kube/object.sample.ts";
import { viewPod } from "../../observe/pod-view.ts";
import type { StoredService } from "../../observe/cluster-cache.ts";
import { sampleReport } from "../../utilization/report.sample.ts";
import type { ListedPod, PodAnswer } from "./snapshot.ts";

/** A report of several GPUs, each busier and hotter than the one before. */
export function reportOf(gpus: number): UtilizationReport {
  const [device] = sampleReport.gpus.devices;
  if (device === undefined) throw new Error("the sample has no GPU");
  const devices = Array.from({ length: gpus }, (_, index) => ({
    ...device,
    index,
    utilizationPercent: 60 + index * 10,
    temperatureCelsius: 61 + index,
  }));
  return { ...sampleReport, gpus: { ...sampleReport.gpus, devices } };
}

export function service(name: string, status: object): StoredService {
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaService",
    metadata: storedObject({ name, uid: name }).metadata,
    spec: {},
    status,
  };
}

export function pod(name: string, ofService: string, answer: PodAnswer, change: object = {}): ListedPod {
  const view = viewPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: storedObject({ name, uid: name, labels: { "gpumedia.io/service": ofService } }).metadata,
    spec: { nodeName: "gpu-1" },
    status: {
      podIP: "10.0.0.1",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [{ name: "gpu-media", state: { running: {} } }],
    },
    ...change,
  } as Parameters<typeof viewPod>[0]);
  if (view === undefined) throw new Error("the pod has no label of a service");
  return { pod: view, answer: answer !== undefined && "gpus" in answer ? withOwnGpus(answer, name) : answer };
}

export const isReady = { conditions: [{ type: "Ready", status: "True", reason: "Ready", message: "" }] };

/** Pods that report one sample would otherwise share its GPUs. */
function withOwnGpus(report: UtilizationReport, pod: string): UtilizationReport {
  const sampled = new Set(sampleReport.gpus.devices.map(({ uuid }) => uuid));
  const devices = report.gpus.devices.map((device) =>
    sampled.has(device.uuid) ? { ...device, uuid: `${device.uuid} of ${pod} ${device.index}` } : device,
  );
  return { ...report, gpus: { ...report.gpus, devices } };
}
