/**
 * The guide's three checklists. The status lists an item while something remains to be done about it, or if its evidence
 * is nowhere else in the status. Other items are done, or only people can answer them; `gpumedia checklist` lists all.
 */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { monitoringLabels } from "../desired/child.ts";
import { dcgmMetricsName } from "../observe/names.ts";
import { exclusion } from "../plan/gpus.ts";
import type { Bottleneck } from "../utilization/bottleneck.ts";
import type { Verdict } from "./condition.ts";
import { selected, type Selectable } from "./prometheus-selection.ts";
import { processorRecommendation, type StatusInput } from "./status-input.ts";

export type ChecklistItem = NonNullable<GpuMediaServiceStatus["guideChecklist"]>[number];

export interface ChecklistInput extends StatusInput {
  readonly bottleneck: Bottleneck;
  readonly ScalingReady: Verdict;
  readonly MetricsReporting: Verdict;
}

/** Undefined: done, with nothing to report. */
type Answer = Omit<ChecklistItem, "item" | "list"> | undefined;

interface GuideItem {
  readonly list: ChecklistItem["list"];
  readonly item: string;
  /** Undefined: only people can answer. */
  readonly answer?: (input: ChecklistInput) => Answer;
}

/** In the guide's order and wording, shortened. */
const guideItems: readonly GuideItem[] = [
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
  { list: "ContinuousImprovement", item: "Regular performance reviews" },
  { list: "ContinuousImprovement", item: "Capacity planning updated" },
  { list: "ContinuousImprovement", item: "Team performance training" },
];

/** The items for the status. */
export function checklist(input: ChecklistInput): ChecklistItem[] {
  return guideItems.flatMap(({ list, item, answer }) => {
    const found = answer?.(input);
    return found === undefined ? [] : [{ list, item, ...found }];
  });
}

/** All items, from those that a status lists. */
export function completeChecklist(listed: readonly ChecklistItem[]): ChecklistItem[] {
  return guideItems.map(({ list, item, answer }) => {
    const found = listed.find((one) => one.item === item);
    if (found !== undefined) return found;
    return answer === undefined
      ? { list, item, state: "Manual", reason: "ForPeople" }
      : { list, item, state: "Done", reason: "NothingToDo" };
  });
}

function done(reason: string, message: string): Answer {
  return { state: "Done", reason, message };
}

function notDone(reason: string, message: string): Answer {
  return { state: "NotDone", reason, message };
}

function notKnown(reason: string, message: string): Answer {
  return { state: "Unknown", reason, message };
}

/** Of a message in the status. */
const longestText = 1_024;

/** The labels of GPU Feature Discovery on the nodes that the service may use; undefined unless all nodes have them. */
function nodeLabels({ gpus }: StatusInput, names: readonly string[]): readonly string[] | undefined {
  const nodes = gpus.devices.map(({ node }) => node).filter((node) => exclusion(node, gpus) === undefined);
  const values = nodes.map(({ labels: own }) =>
    names
      .map((label) => own[label])
      .filter((part) => part !== undefined)
      .join("."),
  );
  return values.length > 0 && values.every((value) => value !== "") ? [...new Set(values)].toSorted() : undefined;
}

const noNodeLabels = notKnown(
  "NoNodeLabels",
  "install NVIDIA GPU Feature Discovery, which labels nodes with the version",
);

function drivers(input: StatusInput): Answer {
  if (input.gpus.perReplica === 0) return undefined;
  const versions = nodeLabels(input, [
    "nvidia.com/cuda.driver-version.major",
    "nvidia.com/cuda.driver-version.minor",
    "nvidia.com/cuda.driver-version.revision",
  ]);
  if (versions === undefined) return noNodeLabels;
  if (versions.length === 1) return done("OneVersion", `all nodes have driver ${versions[0]}`);
  return notDone("VersionsDiffer", `the nodes have drivers ${versions.join(", ")}; install one version on all of them`);
}

/** Of the provider libraries in the processor's CUDA image. */
const neededCudaMajor = 13;

function cuda(input: StatusInput): Answer {
  if (input.gpus.perReplica === 0) return undefined;
  const versions = nodeLabels(input, [
    "nvidia.com/cuda.runtime-version.major",
    "nvidia.com/cuda.runtime-version.minor",
  ]);
  if (versions === undefined) return noNodeLabels;
  const old = versions.filter((version) => Number.parseInt(version, 10) < neededCudaMajor);
  if (old.length === 0) return done("Supported", `the drivers support CUDA ${versions.join(", ")}`);
  const message = `the drivers support CUDA ${old.join(", ")}, the processor needs ${neededCudaMajor}; update the drivers`;
  return notDone("TooOld", message);
}

function memoryLimits({ service }: StatusInput): Answer {
  return service.resources.limits.memory === undefined ? notDone("NoLimit", "set resources.limits.memory") : undefined;
}

function networkPolicy({ service }: StatusInput): Answer {
  return service.network.networkPolicy.enabled
    ? undefined
    : notDone("SwitchedOff", "set network.networkPolicy.enabled: true");
}

function loadTest({ lastLoadTest }: StatusInput): Answer {
  if (lastLoadTest === undefined) return notKnown("NoLoadTest", "create a GpuMediaLoadTest for this service");
  const { name, passed, message } = lastLoadTest;
  const text = `${name}: ${message}`.slice(0, longestText);
  return passed ? done("Passed", text) : notDone("LastFailed", text);
}

/** The condition beside the checklist has the message. */
const see = (condition: "ScalingReady" | "MetricsReporting"): string => `see the condition ${condition}`;

function autoscalers({ service, skipped, verticalAutoscaler, ScalingReady }: ChecklistInput): Answer {
  if (!service.autoscaling.horizontal.enabled) {
    return notDone("SwitchedOff", "set autoscaling.horizontal.enabled: true");
  }
  if (ScalingReady.status === "False") return notDone(ScalingReady.reason, see("ScalingReady"));
  if (skipped.has("verticalPodAutoscaler")) return vpaMissing;
  return ScalingReady.status === "Unknown"
    ? notKnown(ScalingReady.reason, see("ScalingReady"))
    : vpaRefusal(verticalAutoscaler);
}

/** The VPA's condition `ConfigUnsupported`: it recommends nothing while this is true. */
function vpaRefusal(verticalAutoscaler: StatusInput["verticalAutoscaler"]): Answer {
  const refusal = verticalAutoscaler?.status.conditions?.find(
    ({ type, status }) => type === "ConfigUnsupported" && status === "True",
  );
  if (refusal === undefined) return undefined;
  const message = `the VerticalPodAutoscaler does not act on the Deployment: ${refusal.message ?? ""}`;
  return notDone("VpaUnsupported", message.slice(0, longestText));
}

const vpaMissing = notDone("VpaMissing", "install the VerticalPodAutoscaler: its API is not served");

function monitored({ service, skipped, dcgmTaken, prometheuses, MetricsReporting }: ChecklistInput): Answer {
  if (!service.monitoring.podMonitor) return notDone("SwitchedOff", "set monitoring.podMonitor: true");
  if (dcgmTaken && service.monitoring.dcgm.enabled) {
    const message = `ConfigMap ${dcgmMetricsName} is managed by another owner; its metrics may differ from what this service needs`;
    return notDone("NameTaken", message);
  }
  if (skipped.has("podMonitor")) {
    return notDone("ApiMissing", "install the Prometheus Operator: the PodMonitor API is not served");
  }
  if (MetricsReporting.status !== "True") return notKnown(MetricsReporting.reason, see("MetricsReporting"));
  const podMonitor = { kind: "PodMonitor", namespace: service.namespace, labels: monitoringLabels(service) } as const;
  return loaded(podMonitor, prometheuses);
}

/** Many clusters have a Prometheus that selects objects by a label, such as `release` of kube-prometheus-stack. */
function loaded(object: Selectable, prometheuses: StatusInput["prometheuses"]): Answer {
  const found = selected(object, prometheuses);
  if ("by" in found) return done("Selected", `Prometheus ${found.by.key} loads the ${object.kind}`);
  return notKnown(found.reason, found.message.slice(0, longestText));
}

function alerts({ service, skipped, sharedRules: { problem, ...place }, prometheuses }: StatusInput): Answer {
  if (!service.monitoring.alerts) return notDone("SwitchedOff", "set monitoring.alerts: true");
  if (skipped.has("prometheusRule")) {
    return notDone("ApiMissing", "install the Prometheus Operator: the PrometheusRule API is not served");
  }
  if (problem !== undefined) return notDone(problem.reason, problem.message.slice(0, longestText));
  return loaded({ kind: "PrometheusRule", ...place }, prometheuses);
}

function bottleneck(input: ChecklistInput): Answer {
  switch (input.bottleneck) {
    case "Unknown":
      return notKnown(input.MetricsReporting.reason, see("MetricsReporting"));
    case "None":
      return undefined;
    case "Gpu":
      return done(
        "Gpu",
        `GPU utilization is above ${input.service.slo.gpuUtilization.max} %; raise autoscaling.horizontal.maxReplicas, or choose a smaller model.size`,
      );
    case "Skew":
    case "GpuMemory":
    case "Cpu":
    case "Memory":
    case "Queue":
    case "Upstream":
      return done(input.bottleneck, relief[input.bottleneck]);
  }
}

const relief: Readonly<Record<Exclude<Bottleneck, "None" | "Unknown" | "Gpu">, string>> = {
  Skew: "one pod is busy while another idles; see the message of SloMet",
  GpuMemory: "GPU memory is full; lower processing.batch.maxSize, or choose a smaller model.size",
  Cpu: "decoding and encoding use all of the CPU; raise resources.limits.cpu",
  Memory: "a pod is close to its memory limit; raise resources.limits.memory, or lower processing.queue.maxDepth",
  Queue:
    "requests wait longer than their processing takes, while neither GPU nor CPU is saturated; see processing.batch",
  Upstream: "images are downloaded slowly from their hosts; see processing.upstream",
};

function scaling({ service, deployment, ScalingReady }: ChecklistInput): Answer {
  const { enabled, minReplicas } = service.autoscaling.horizontal;
  if (!enabled) return notDone("SwitchedOff", "set autoscaling.horizontal.enabled: true");
  return ScalingReady.status === "True" && (deployment?.spec.replicas ?? 0) > minReplicas
    ? done("ScaledOut", `the autoscaler has scaled out above minReplicas ${minReplicas}`)
    : notKnown("NotSeenYet", `the replicas have not exceeded minReplicas ${minReplicas} yet; run a load test`);
}

function tracked(input: ChecklistInput): Answer {
  if (!input.service.monitoring.dashboard) return notDone("SwitchedOff", "set monitoring.dashboard: true");
  const scraped = monitored(input);
  if (scraped?.state === "NotDone") {
    return notDone("NotScraped", "nothing scrapes the metrics of the dashboard; see Resource utilization monitored");
  }
  return scraped?.state === "Unknown" ? notKnown(scraped.reason, "see Resource utilization monitored") : undefined;
}

function opportunities({ service, skipped, verticalAutoscaler }: StatusInput): Answer {
  if (!service.autoscaling.vertical.enabled) return notDone("SwitchedOff", "set autoscaling.vertical.enabled: true");
  if (skipped.has("verticalPodAutoscaler")) return vpaMissing;
  const processor = processorRecommendation(verticalAutoscaler);
  if (processor?.target !== undefined) return undefined;
  const refusal = vpaRefusal(verticalAutoscaler);
  return refusal ?? notKnown("NoRecommendation", "waiting for the first recommendation of the VerticalPodAutoscaler");
}
