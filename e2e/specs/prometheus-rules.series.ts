/** Series of GPU exporters in the three formats that clusters have, of the processor and of kube-state-metrics. */
import type { ServiceTargets } from "@gpumedia/api";
import { createMetrics } from "../../workload/src/telemetry/metrics.ts";

/** A series as promtool writes it: `name{labels}` and its values, one a minute. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** Pods of the service, named as Kubernetes does. */
export const pod = "upscaler-6d4c8b7f9d-x2k4p";
export const otherPod = "upscaler-6d4c8b7f9d-zq7wl";

const exporter = "nvidia-dcgm-exporter-x7k2p";

export interface Gpu {
  readonly gpu?: string;
  /** The workload's pod; null: the GPU is idle. */
  readonly pod?: string | null;
  readonly namespace?: string;
  /** A MIG instance of the GPU. */
  readonly instance?: string;
  readonly job?: string;
}

/** Metric names without their prefix `DCGM_FI_`, and their values. */
export type Values = Readonly<Record<string, number | string>>;

/**
 * An exporter up to 4.8, scraped as its chart specifies (`honorLabels: false`): the workload's labels are `exported_…`, and
 * `pod` is the exporter's own.
 */
export function exporter48(of: Gpu, values: Values): readonly InputSeries[] {
  return series(values, { ...exported(of), Hostname: "node-1", UUID: `GPU-${of.gpu ?? "0"}` });
}

/** An exporter from 4.9 on: the same, with other names of its own labels and metrics. */
export function exporter49(of: Gpu, values: Values): readonly InputSeries[] {
  return series(values, { ...exported(of), hostname: "node-1", gpu_uuid: `GPU-${of.gpu ?? "0"}` });
}

/** The fake exporter of clusters without GPUs: three metrics, scraped with `honorLabels: true`. */
export function fakeExporter(
  { gpu = "0", pod: workload = pod, namespace = "media" }: Gpu,
  values: Values,
): readonly InputSeries[] {
  return series(values, {
    gpu,
    UUID: `GPU-${gpu}`,
    container: "gpu-media",
    namespace,
    pod: workload ?? "",
    job: "fake",
  });
}

function exported({
  gpu = "0",
  pod: workload = pod,
  namespace = "media",
  instance,
  job = "dcgm",
}: Gpu): Record<string, string> {
  return {
    gpu,
    device: `nvidia${gpu}`,
    job,
    namespace: "gpu-operator",
    pod: exporter,
    ...(instance === undefined ? {} : { GPU_I_ID: instance, GPU_I_PROFILE: "1g.10gb" }),
    ...(workload === null
      ? {}
      : { exported_namespace: namespace, exported_pod: workload, exported_container: "gpu-media" }),
  };
}

function series(values: Values, labels: Readonly<Record<string, string>>): readonly InputSeries[] {
  const selector = Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
  return Object.entries(values).map(([name, value]) => ({
    series: `DCGM_FI_${name}{${selector}}`,
    // Ten hours: longer than the `for` of any alert.
    values: typeof value === "number" ? `${value}x600` : value,
  }));
}

/** A series of the processor, as its PodMonitor scrapes it. */
export function processor(name: string, values: string, labels = "", of: string = pod): InputSeries {
  const more = labels === "" ? "" : `,${labels}`;
  return { series: `${name}{namespace="media",pod="${of}",container="gpu-media"${more}}`, values };
}

/** The targets that a pod exports, as its registry writes them. */
export async function exportedTargets(targets: ServiceTargets, of: string = pod): Promise<readonly InputSeries[]> {
  const { registry } = createMetrics({
    active: () => 0,
    queued: () => 0,
    sessions: () => 0,
    workers: () => ({ total: 1, ready: 1, restarts: 0 }),
    ready: () => true,
    busyPercent: () => 0,
    gpus: async () => [],
    targets: async () => targets,
  });
  const text = await registry.metrics();
  return [...text.matchAll(/^(gpumedia_slo_\w+)\{(.+)\} (\S+)$/gm)].map(([, name = "", labels, value]) =>
    processor(name, `${value}x600`, labels, of),
  );
}

/** What kube-state-metrics exports of a pod with a GPU by default, scheduled or not. */
export function podState(of: string, replicaSet = "upscaler-6d4c8b7f9d"): readonly InputSeries[] {
  const state = (name: string, labels: string, value: number): InputSeries => ({
    // prometheus-operator adds the exporter's own Service as `service`.
    series: `${name}{namespace="media",pod="${of}",service="kube-state-metrics",${labels}}`,
    values: `${value}x600`,
  });
  const requests = "kube_pod_container_resource_requests";
  return [
    state("kube_pod_owner", `owner_kind="ReplicaSet",owner_name="${replicaSet}",owner_is_controller="true"`, 1),
    state(requests, 'container="gpu-media",resource="cpu",unit="core"', 2),
    state(requests, 'container="gpu-media",resource="nvidia_com_gpu",unit="integer"', 1),
  ];
}
