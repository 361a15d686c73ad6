/** The data that `top` shows or prints as JSON: services, their pods and GPUs at one moment. Pure. */
import type { UtilizationReport } from "@gpumedia/api";
import type { ObjectKey } from "../../kube/object.ts";
import type { PodView } from "../../observe/pod-view.ts";
import type { StoredService } from "../../observe/cluster-cache.ts";
import { failuresOnNodes, podTrouble, podTroubleText } from "../../status/pod-trouble.ts";
import type { PodTroubleReason } from "../../status/reasons.ts";
import { aggregate, type LiveAggregate } from "../../utilization/aggregate.ts";
import { highest, sum } from "../../utilization/known.ts";
import { sampleOf, type NoReport } from "../../utilization/sample.ts";

/** Null: unknown, which is not zero. */
export interface GpuFigures {
  readonly gpuPercent: number | null;
  readonly gpuMemoryUsedBytes: number | null;
  readonly gpuMemoryTotalBytes: number | null;
  /** The hottest of several GPUs. */
  readonly gpuTemperatureCelsius: number | null;
  readonly gpuPowerWatts: number | null;
}

/** Means and sums over the pods' last 15 s; levels are current. */
export interface Figures extends GpuFigures {
  /** Of the CPU limit. */
  readonly cpuPercent: number | null;
  readonly requestsPerSecond: number | null;
  /** An upper bound for several pods. */
  readonly latencyP95Milliseconds: number | null;
  readonly queueDepth: number | null;
  /** Share of time in which the workers were busy. */
  readonly busyPercent: number | null;
  /** WebSocket streams and sessions of live video. */
  readonly sessions: number | null;
  /** Null: no pod reports live video. */
  readonly live: LiveFigures | null;
}

export interface LiveFigures {
  readonly sessions: number;
  readonly sessionLimit: number;
  readonly framesPerSecond: number;
  /** Share of frames that were dropped because a pod was too slow. */
  readonly droppedPercent: number;
  readonly frameLatencyP95Milliseconds: number | null;
  readonly roundTripMilliseconds: number | null;
}

export interface GpuRow extends GpuFigures {
  readonly index: number;
  readonly name: string | null;
  /** Why the GPU has no figures, or is throttled. */
  readonly problem: string | null;
  /** Number of other pods that report the GPU, by service as `namespace/name`. */
  readonly sharedWith: Readonly<Record<string, number>>;
}

/** A device that a claim of the pod has, as the operator reports it. */
export interface ClaimedDevice {
  readonly device: string;
  readonly productName: string | null;
  /** Of a MIG device. */
  readonly profile: string | null;
  readonly uuid: string | null;
}

export interface PodRow extends Figures {
  readonly name: string;
  readonly node: string | null;
  readonly ready: boolean;
  /** It is terminating, and drains. */
  readonly ending: boolean;
  /** Why the pod does not serve. */
  readonly reason: PodTroubleReason | null;
  /** Why there are no figures. */
  readonly problem: string | null;
  readonly gpus: readonly GpuRow[];
  /** None where the GPUs are those of a device plugin. */
  readonly claimedDevices: readonly ClaimedDevice[];
}

export interface ServiceRow extends Figures {
  readonly namespace: string;
  readonly name: string;
  readonly profile: string | null;
  /** Ready of desired: `2/3`. */
  readonly replicas: string | null;
  readonly band: string | null;
  readonly bottleneck: string | null;
  /** Of the nodes that the service may use. */
  readonly gpusAllocatable: number | null;
  readonly gpusFree: number | null;
  /** What offers them: device plugins, DRA or both. */
  readonly gpuSource: string | null;
  /** Why the GPUs' utilization is not the work of the service; null: it is. */
  readonly gpuSharing: string | null;
  /** How its pods get their GPUs; null: not decided, or without GPUs. */
  readonly gpuAllocation: string | null;
  /** Reason and message of the condition Ready unless it is True. */
  readonly reason: string | null;
  readonly problem: string | null;
  readonly pods: readonly PodRow[];
}

export interface Snapshot {
  /** Names are shown with their namespaces. */
  readonly allNamespaces: boolean;
  readonly services: readonly ServiceRow[];
}

/** The report of a pod, or why there is none; undefined: not requested, as the pod does not run yet. */
export type PodAnswer = UtilizationReport | NoReport | undefined;

export interface ListedPod {
  readonly pod: PodView;
  readonly answer: PodAnswer;
}

export function snapshot(
  services: readonly StoredService[],
  pods: readonly ListedPod[],
  allNamespaces: boolean,
): Snapshot {
  const byService = Map.groupBy(pods, ({ pod }) => pod.service);
  const sharers = sharersOf(services, pods);
  return {
    allNamespaces,
    services: services.map((service) => serviceRow(service, byService.get(keyOf(service)) ?? [], sharers)),
  };
}

/** Returns the pods other than this one that report the GPU, counted by service. */
type Sharers = (pod: PodView, uuid: string | null) => Readonly<Record<string, number>>;

/** From the listed pods, and from the statuses, in which the operator also counts pods of namespaces that are not listed. */
function sharersOf(services: readonly StoredService[], pods: readonly ListedPod[]): Sharers {
  const counts = new Map<string, Record<string, number>>();
  for (const { pod, answer } of pods) {
    for (const { uuid } of isReport(answer) ? answer.gpus.devices : []) {
      const key = `${pod.node} ${uuid}`;
      const service = pod.service ?? "";
      const before = counts.get(key) ?? {};
      counts.set(key, { ...before, [service]: (before[service] ?? 0) + 1 });
    }
  }
  const reported = new Map(
    services.flatMap(({ status }) => status?.utilization?.sharedGpus?.map((gpu) => [gpu.uuid, gpu.services]) ?? []),
  );
  return ({ node, service = "" }, uuid) => {
    if (uuid === null) return {};
    const seen = counts.get(`${node} ${uuid}`) ?? {};
    const all = { ...reported.get(uuid), ...seen, [service]: (seen[service] ?? 1) - 1 };
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
  };
}

function keyOf({ metadata }: StoredService): ObjectKey {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function serviceRow({ metadata, status }: StoredService, pods: readonly ListedPod[], sharers: Sharers): ServiceRow {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const problem = ready === undefined ? "waiting for the operator to reconcile it" : ready.message;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    profile: status?.summary?.profile ?? null,
    replicas: status?.summary?.replicas ?? null,
    band: status?.utilization?.band ?? null,
    bottleneck: status?.bottleneck ?? null,
    gpusAllocatable: status?.capacity?.gpusAllocatable ?? null,
    gpusFree: status?.capacity?.gpusFree ?? null,
    gpuSource: status?.capacity?.source ?? null,
    gpuSharing: status?.utilization?.gpuSharing ?? null,
    gpuAllocation: status?.gpu?.allocation ?? null,
    reason: ready === undefined || ready.status === "True" ? null : ready.reason,
    problem: ready?.status === "True" ? null : problem,
    ...figures(pods.flatMap(({ answer }) => (isReport(answer) ? [answer] : []))),
    pods: living(pods, status?.replicas?.desired ?? 0)
      .map((pod) => podRow(pod, sharers, status?.gpu?.devices ?? []))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** Without the pods that nodes have failed, of which there may be hundreds; the oldest that still matters stands for them. */
function living(pods: readonly ListedPod[], desired: number): readonly ListedPod[] {
  const [failure] = failuresOnNodes(
    pods.map(({ pod }) => pod),
    desired,
  );
  return pods.filter(({ pod }) => pod.phase !== "Failed" || pod === failure);
}

/** Of a service's pods, or of one pod. */
function figures(reports: readonly UtilizationReport[]): Figures {
  const samples = reports.map((report) => ({ ...sampleOf(report), at: 0 }));
  const whole = aggregate(samples.map((sample) => [sample]));
  if (whole === undefined) return nothing;
  return {
    ...memory(reports.flatMap(({ gpus }) => gpus.devices)),
    gpuPercent: whole.gpuPercent,
    gpuTemperatureCelsius: highest(samples.map(({ gpuTemperatureCelsius }) => gpuTemperatureCelsius)),
    gpuPowerWatts: sum(samples.map(({ gpuPowerWatts }) => gpuPowerWatts)),
    cpuPercent: whole.cpuPercent,
    requestsPerSecond: whole.requestsPerSecond,
    latencyP95Milliseconds: whole.latencyP95Ms,
    queueDepth: whole.queueDepth,
    busyPercent: whole.workersBusyPercent,
    sessions: sum(samples.map(({ sessions }) => sessions)),
    live: liveFigures(whole.live),
  };
}

function liveFigures(live: LiveAggregate | null): LiveFigures | null {
  if (live === null) return null;
  const { p95Ms: frameLatencyP95Milliseconds, roundTripMs: roundTripMilliseconds, ...figures } = live;
  return { ...figures, frameLatencyP95Milliseconds, roundTripMilliseconds };
}

type StatusDevice = NonNullable<NonNullable<NonNullable<StoredService["status"]>["gpu"]>["devices"]>[number];

function podRow({ pod, answer }: ListedPod, sharers: Sharers, devices: readonly StatusDevice[]): PodRow {
  const { name, node = null, ready, terminating: ending } = pod;
  const trouble = podTrouble(pod);
  const claimedDevices = devices
    .filter((one) => one.pod === name)
    .map(({ device, productName = null, profile = null, uuid = null }) => ({ device, productName, profile, uuid }));
  const identity = { name, node, ready, ending, reason: trouble?.reason ?? null, claimedDevices };
  if (!isReport(answer)) {
    // Why the pod does not serve is more specific than why its report is missing.
    const why = trouble === undefined ? (answer?.problem ?? "has no address yet") : podTroubleText(trouble);
    return { ...identity, ...nothing, problem: ending ? "is terminating" : why, gpus: [] };
  }
  const gpus = answer.gpus.devices.map((device) => gpuRow(device, sharers(pod, device.uuid)));
  return { ...identity, ...figures([answer]), problem: null, gpus };
}

type Device = UtilizationReport["gpus"]["devices"][number];

function gpuRow(device: Device, sharedWith: GpuRow["sharedWith"]): GpuRow {
  const { index, name, unavailable, throttleReasons } = device;
  const throttled =
    throttleReasons === null || throttleReasons.length === 0 ? null : `throttled: ${throttleReasons.join(", ")}`;
  return {
    index,
    name,
    problem: unavailable ?? throttled,
    sharedWith,
    ...memory([device]),
    gpuPercent: device.utilizationPercent,
    gpuTemperatureCelsius: device.temperatureCelsius,
    gpuPowerWatts: device.powerWatts,
  };
}

function memory(devices: readonly Device[]): Pick<GpuFigures, "gpuMemoryUsedBytes" | "gpuMemoryTotalBytes"> {
  const available = devices.filter(({ unavailable }) => unavailable === null);
  return {
    gpuMemoryUsedBytes: sum(available.map(({ memoryUsedBytes }) => memoryUsedBytes)),
    gpuMemoryTotalBytes: sum(available.map(({ memoryTotalBytes }) => memoryTotalBytes)),
  };
}

const nothing: Figures = {
  gpuPercent: null,
  gpuMemoryUsedBytes: null,
  gpuMemoryTotalBytes: null,
  gpuTemperatureCelsius: null,
  gpuPowerWatts: null,
  cpuPercent: null,
  requestsPerSecond: null,
  latencyP95Milliseconds: null,
  queueDepth: null,
  busyPercent: null,
  sessions: null,
  live: null,
};

function isReport(answer: PodAnswer): answer is UtilizationReport {
  return answer !== undefined && !("problem" in answer);
}
