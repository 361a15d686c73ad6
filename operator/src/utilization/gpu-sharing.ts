/**
 * Decides whether a pod has its GPUs alone. If not, their utilization is not the pod's work: more pods never lower it, and
 * an autoscaler that reads it runs to its maximum (dcgm-exporter#587). A MIG device has no utilization at all
 * (dcgm-exporter#216), and an autoscaler without its metric never scales in. Pure.
 *
 * | sign                                                                        | sharing     |
 * | --------------------------------------------------------------------------- | ----------- |
 * | the report has a MIG device; a resource `…/mig-…`                           | MIG         |
 * | the node's label of GPU Feature Discovery or of GKE                         | TimeSlicing, MPS |
 * | a resource `….shared`, or HAMi's `…/gpumem`, `…/gpucores`                   | Shared      |
 * | another pod on the node reports a GPU of the same UUID                      | Shared      |
 * | a GPU that can be read has no utilization                                   | NotMeasured |
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin (`renameByDefault`, labels `nvidia.com/gpu.sharing-strategy`, `.replicas`)
 * @see https://cloud.google.com/kubernetes-engine/docs/concepts/timesharing-gpus
 */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { PodView } from "../observe/pod-view.ts";
import type { Sample } from "./sample.ts";

export type GpuSharing = NonNullable<NonNullable<GpuMediaServiceStatus["utilization"]>["gpuSharing"]>;

export interface SharingSigns {
  readonly pod: Pick<PodView, "devices">;
  /** Of the pod's node; undefined: not known. */
  readonly nodeLabels: Readonly<Record<string, string>> | undefined;
  /** Its newest report. */
  readonly sample: Pick<Sample, "gpus"> | undefined;
  /** Another pod reports one of its GPUs, or has done so. */
  readonly seenShared: boolean;
}

/** Undefined: the utilization of the pod's GPUs is its own. */
export function gpuSharing({ pod, nodeLabels = {}, sample, seenShared }: SharingSigns): GpuSharing | undefined {
  const resources = Object.keys(pod.devices);
  const gpus = sample?.gpus ?? [];
  if (gpus.some(({ isMig }) => isMig) || resources.some((name) => resourceSharing(name) === "MIG")) return "MIG";
  // A pod without GPUs may be on a node whose GPUs are shared.
  const usesGpus = resources.length > 0 || gpus.length > 0;
  const strategy = usesGpus ? nodeStrategy(nodeLabels) : undefined;
  if (strategy !== undefined) return strategy;
  if (seenShared || resources.some((name) => resourceSharing(name) === "Shared")) return "Shared";
  return gpus.some(({ isMeasured }) => !isMeasured) ? "NotMeasured" : undefined;
}

/** What the name of an extended resource reveals before a pod exists. */
export function resourceSharing(name: string): "MIG" | "Shared" | undefined {
  const [, device = ""] = name.split("/");
  if (device.startsWith("mig-")) return "MIG";
  return device.endsWith(".shared") || /^gpu(mem(-percentage)?|cores)$/.test(device) ? "Shared" : undefined;
}

function nodeStrategy(labels: Readonly<Record<string, string>>): "TimeSlicing" | "MPS" | undefined {
  switch (labels["nvidia.com/gpu.sharing-strategy"] ?? labels["cloud.google.com/gke-gpu-sharing-strategy"]) {
    case "mps":
      return "MPS";
    case "time-slicing":
    case "time-sharing":
      return "TimeSlicing";
    case undefined:
      // Labels from before MPS was supported.
      return Number(labels["nvidia.com/gpu.replicas"] ?? 1) > 1 ? "TimeSlicing" : undefined;
    default:
      return undefined;
  }
}

/** From the most specific: of a service whose pods differ, the first of this order is reported. */
const order: readonly GpuSharing[] = ["MIG", "MPS", "TimeSlicing", "Shared", "NotMeasured"];

export function mostSpecific(sharings: readonly (GpuSharing | undefined)[]): GpuSharing | undefined {
  return order.find((one) => sharings.includes(one));
}
