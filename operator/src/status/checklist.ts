/** The guide's three checklists, item by item, each answered from something that was observed. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { Bottleneck } from "../utilization/bottleneck.ts";
import type { Verdict } from "./condition.ts";
import { dcgmMetricsName } from "../observe/names.ts";
import { exclusion } from "../plan/gpus.ts";
import type { StatusInput } from "./status-input.ts";

export type ChecklistItem = NonNullable<GpuMediaServiceStatus["guideChecklist"]>[number];

type Verdicts = Readonly<Record<"ScalingReady" | "MetricsReporting" | "SloMet" | "GpuCapacity", Verdict>>;
export interface Seen extends StatusInput {
  readonly bottleneck: Bottleneck;
}

type Answer = Omit<ChecklistItem, "item" | "list">;

interface Item {
  readonly list: ChecklistItem["list"];
  readonly item: string;
  readonly answer: (seen: Seen, verdicts: Verdicts) => Answer;
}

/** In the guide's order and, but for shortness, its words. */
const items: readonly Item[] = [
  { list: "PreDeployment", item: "GPU drivers optimized", answer: drivers },
  { list: "PreDeployment", item: "CUDA toolkit updated", answer: cuda },
  { list: "PreDeployment", item: "Memory limits configured", answer: memoryLimits },
  { list: "PreDeployment", item: "Network policies optimized", answer: networkPolicy },
  { list: "PreDeployment", item: "Load testing completed", answer: loadTest },
  { list: "Runtime", item: "HPA/VPA configured", answer: autoscalers },
  { list: "Runtime", item: "Resource utilization monitored", answer: monitored },
  { list: "Runtime", item: "Performance alerts active", answer: alerts },
  { list: "Runtime", item: "Bottlenecks identified", answer: bottleneck },
  { list: "Runtime", item: "Scaling validated", answer: scaling },
  { list: "ContinuousImprovement", item: "Performance metrics tracked", answer: tracked },
  { list: "ContinuousImprovement", item: "Optimization opportunities identified", answer: opportunities },
  { list: "ContinuousImprovement", item: "Regular performance reviews", answer: manual },
  { list: "ContinuousImprovement", item: "Capacity planning updated", answer: manual },
  { list: "ContinuousImprovement", item: "Team performance training", answer: manual },
];

export function checklist(seen: Seen, verdicts: Verdicts): ChecklistItem[] {
  return items.map(({ list, item, answer }) => ({ list, item, ...answer(seen, verdicts) }));
}

function manual(): Answer {
  return { state: "Manual", reason: "ForPeople" };
}

function done(reason: string, message?: string): Answer {
  return { state: "Done", reason, ...(message === undefined ? {} : { message }) };
}

function notDone(reason: string, message: string): Answer {
  return { state: "NotDone", reason, message };
}

function notKnown(reason: string, message: string): Answer {
  return { state: "Unknown", reason, message };
}

/** The label of GPU feature discovery on the nodes that the service may use, where all have it. */
function nodeLabel({ gpus }: StatusInput, labels: readonly string[]): readonly string[] | undefined {
  const nodes = gpus.devices.map(({ node }) => node).filter((node) => exclusion(node, gpus) === undefined);
  const values = nodes.map(({ labels: own }) =>
    labels
      .map((label) => own[label])
      .filter((part) => part !== undefined)
      .join("."),
  );
  return values.length > 0 && values.every((value) => value !== "") ? [...new Set(values)].toSorted() : undefined;
}

function drivers(input: StatusInput): Answer {
  if (input.gpus.perReplica === 0) return done("NotNeeded", "runs on CPU");
  const versions = nodeLabel(input, [
    "nvidia.com/cuda.driver-version.major",
    "nvidia.com/cuda.driver-version.minor",
    "nvidia.com/cuda.driver-version.revision",
  ]);
  if (versions === undefined)
    return notKnown("NoNodeLabels", "install NVIDIA's GPU feature discovery: it labels the nodes");
  if (versions.length === 1) return done("OneVersion", `driver ${versions[0]}`);
  return notDone("VersionsDiffer", `drivers ${versions.join(", ")}: bring all nodes to one`);
}

function cuda(input: StatusInput): Answer {
  if (input.gpus.perReplica === 0) return done("NotNeeded", "runs on CPU");
  const versions = nodeLabel(input, ["nvidia.com/cuda.runtime-version.major", "nvidia.com/cuda.runtime-version.minor"]);
  if (versions === undefined)
    return notKnown("NoNodeLabels", "install NVIDIA's GPU feature discovery: it labels the nodes");
  const old = versions.filter((version) => Number.parseInt(version, 10) < neededCudaMajor);
  if (old.length === 0) return done("Supported", `the drivers run CUDA ${versions.join(", ")}`);
  return notDone(
    "TooOld",
    `the drivers run CUDA ${old.join(", ")}, the processor needs ${neededCudaMajor}: update them`,
  );
}

/** Of the provider libraries in the processor's CUDA image. */
const neededCudaMajor = 13;

function memoryLimits({ service }: StatusInput): Answer {
  const { memory } = service.resources.limits;
  return memory === undefined
    ? notDone("NoLimit", "set resources.limits.memory")
    : done("LimitSet", `${memory} per pod`);
}

function networkPolicy({ service }: StatusInput): Answer {
  return service.network.networkPolicy.enabled
    ? done("PolicyInPlace")
    : notDone("SwitchedOff", "set network.networkPolicy.enabled");
}

function loadTest({ lastLoadTest }: Seen): Answer {
  if (lastLoadTest === undefined)
    return notKnown("NoLoadTest", "none is known: make a GpuMediaLoadTest for this service");
  const { name, passed, message } = lastLoadTest;
  const said = `${name}: ${message}`.slice(0, 1_024);
  return passed ? done("Passed", said) : notDone("LastFailed", said);
}

function autoscalers({ service, verticalAutoscaler, skipped }: StatusInput, { ScalingReady }: Verdicts): Answer {
  if (!service.autoscaling.horizontal.enabled) return notDone("SwitchedOff", "set autoscaling.horizontal.enabled");
  if (ScalingReady.status === "False") return notDone(ScalingReady.reason, ScalingReady.message);
  const hasVpa = verticalAutoscaler !== undefined;
  if (!hasVpa && skipped.has("verticalPodAutoscaler")) {
    return notDone("VpaMissing", "the HPA is there; the cluster has no VerticalPodAutoscaler to install the VPA with");
  }
  return ScalingReady.status === "Unknown"
    ? notKnown(ScalingReady.reason, ScalingReady.message)
    : done("Working", hasVpa ? "HPA and VPA" : "HPA; the VPA is switched off");
}

function monitored(input: StatusInput, { MetricsReporting }: Verdicts): Answer {
  const { service, skipped, dcgmTaken } = input;
  if (!service.monitoring.podMonitor) return notDone("SwitchedOff", "set monitoring.podMonitor");
  if (dcgmTaken && service.monitoring.dcgm.enabled) {
    return notDone(
      "NameTaken",
      `ConfigMap ${dcgmMetricsName} is not ours and left alone: the GPU metrics may be others`,
    );
  }
  if (skipped.has("podMonitor")) {
    return notDone("ApiMissing", "install prometheus-operator: the cluster does not know PodMonitors");
  }
  if (MetricsReporting.status === "True") return done(MetricsReporting.reason, MetricsReporting.message);
  return notKnown(MetricsReporting.reason, MetricsReporting.message);
}

function alerts({ service, skipped }: StatusInput): Answer {
  if (!service.monitoring.alerts) return notDone("SwitchedOff", "set monitoring.alerts");
  return skipped.has("prometheusRule")
    ? notDone("ApiMissing", "install prometheus-operator: the cluster does not know PrometheusRules")
    : done("RulesInstalled");
}

function bottleneck(seen: Seen, { MetricsReporting }: Verdicts): Answer {
  if (seen.bottleneck === "Unknown") return notKnown(MetricsReporting.reason, MetricsReporting.message);
  if (seen.bottleneck === "None") return done("None", "nothing is short of anything now");
  return done(seen.bottleneck, relief[seen.bottleneck]);
}

/** What helps. */
const relief: Readonly<Record<Exclude<Bottleneck, "None" | "Unknown">, string>> = {
  Gpu: "the GPUs are above their band: raise autoscaling.horizontal.maxReplicas, or take a smaller model.size",
  GpuMemory: "the GPUs' memory is full: lower processing.batch.maxSize, or take a smaller model.size",
  Cpu: "decode and encode need more CPU: raise resources.limits.cpu",
  Memory: "a pod is near its memory limit: raise resources.limits.memory, or lower processing.queue.maxDepth",
  Queue: "requests wait although nothing is busy: look at processing.batch",
  Upstream: "pictures come slowly from the hosts that they are fetched from: look at processing.upstream",
};

function scaling({ service, deployment }: StatusInput, { ScalingReady }: Verdicts): Answer {
  if (!service.autoscaling.horizontal.enabled) return notDone("SwitchedOff", "set autoscaling.horizontal.enabled");
  const replicas = deployment?.spec.replicas ?? 0;
  if (ScalingReady.status === "True" && replicas > service.autoscaling.horizontal.minReplicas) {
    return done("ScaledOut", "the autoscaler has raised the replicas above their minimum");
  }
  return notKnown("NotSeenYet", "the replicas have not been above their minimum since the service was made");
}

function tracked(input: StatusInput, verdicts: Verdicts): Answer {
  const { service } = input;
  if (!service.monitoring.dashboard) return notDone("SwitchedOff", "set monitoring.dashboard");
  return monitored(input, verdicts).state === "NotDone"
    ? notDone("NotScraped", "there is a dashboard, and nothing scrapes what it shows")
    : done("DashboardInstalled");
}

function opportunities({ verticalAutoscaler }: StatusInput): Answer {
  const [processor] = verticalAutoscaler?.status.recommendation?.containerRecommendations ?? [];
  return processor?.target === undefined
    ? notKnown("NoRecommendation", "the VerticalPodAutoscaler has not recommended anything yet")
    : done("Recommended", "see status.recommendation");
}
