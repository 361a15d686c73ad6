/**
 * Rules over several fields, in CEL, for the API server and for `gpumedia validate`. They see one object only; what
 * contradicts itself together with a profile is found by the operator and told in the status.
 */
import type { CelRule } from "./scalars.ts";

/** What children's names need on top: `-dashboard`. */
export const longestServiceName = 63 - "-dashboard".length;

const withGpu = "self.?gpu.?count.orValue(1) > 0";
const cpuTarget = "self.?autoscaling.?horizontal.?cpuUtilizationPercent.orValue(60)";
const horizontally = (otherwise: string) => `self.?autoscaling.?horizontal.?enabled.orValue(${otherwise})`;
/** Staging and production scale; whether another profile does is not known here. */
const profileScales = "self.?profile.orValue('production') in ['production', 'staging']";

const cpuTwice = {
  message:
    "both autoscalers act on CPU and would chase each other: set controlledResources: [memory], or autoscaling.horizontal.cpuUtilizationPercent: 0",
  fieldPath: ".autoscaling.vertical.controlledResources",
};
/** A list is reached by has(): through orValue() the server forgets its bounds, and finds the rule too costly. */
const verticallyOnCpu = (otherwise: string) =>
  `has(self.autoscaling) && has(self.autoscaling.vertical) && has(self.autoscaling.vertical.controlledResources) && 'cpu' in self.autoscaling.vertical.controlledResources && self.?autoscaling.?vertical.?enabled.orValue(${otherwise}) && self.?autoscaling.?vertical.?mode.orValue('Auto') != 'Off'`;

const replicasAreScaled = {
  message: "the autoscaler sets the replicas: remove replicas, or set autoscaling.horizontal.enabled: false",
  fieldPath: ".replicas",
};

/** Hold for services and profiles. */
export const tunableRules: readonly CelRule[] = [
  {
    rule: `${withGpu} || self.?autoscaling.?horizontal.?gpuUtilizationPercent.orValue(0) == 0`,
    message: "without a GPU (gpu.count: 0) there is no GPU utilization to scale on: remove gpuUtilizationPercent",
    fieldPath: ".autoscaling.horizontal.gpuUtilizationPercent",
  },
  {
    rule: `${withGpu} || !self.?monitoring.?dcgm.?enabled.orValue(false)`,
    message: "without a GPU (gpu.count: 0) there are no GPU metrics: remove monitoring.dcgm.enabled",
    fieldPath: ".monitoring.dcgm.enabled",
  },
  {
    rule: `${withGpu} || self.?slo.?requestsPerSecondPerGpu.orValue(0) == 0`,
    message: "without a GPU (gpu.count: 0) there is no target per GPU: remove slo.requestsPerSecondPerGpu",
    fieldPath: ".slo.requestsPerSecondPerGpu",
  },
  {
    rule: `!${horizontally("false")} || ${cpuTarget} > 0 || self.?autoscaling.?horizontal.?gpuUtilizationPercent.orValue(70) > 0`,
    message:
      "horizontal autoscaling has nothing to scale on: set cpuUtilizationPercent or gpuUtilizationPercent above 0, or enabled: false",
    fieldPath: ".autoscaling.horizontal",
  },
  {
    rule: "!self.?network.?ingress.?enabled.orValue(false) || !has(self.network.ingress.host) || !has(self.network.gateway) || !has(self.network.gateway.hostnames) || !(self.network.ingress.host in self.network.gateway.hostnames)",
    message:
      "one host is served by the Ingress and by the Gateway: name it in one of the two, or set network.ingress.enabled: false",
    fieldPath: ".network.gateway.hostnames",
  },
];

export const serviceRules: readonly CelRule[] = [
  { rule: `!has(self.replicas) || !${horizontally(profileScales)}`, ...replicasAreScaled },
  { rule: `!(${verticallyOnCpu("true")} && ${horizontally(profileScales)} && ${cpuTarget} > 0)`, ...cpuTwice },
  {
    rule: "!self.?network.?ingress.?enabled.orValue(false) || has(self.network.ingress.host)",
    message: "an Ingress without a host would take the requests of all hosts: set network.ingress.host",
    fieldPath: ".network.ingress",
  },
];

export const profileRules: readonly CelRule[] = [
  { rule: `!has(self.replicas) || !${horizontally("false")}`, ...replicasAreScaled },
  { rule: `!(${verticallyOnCpu("false")} && ${horizontally("false")} && ${cpuTarget} > 0)`, ...cpuTwice },
];

/**
 * Judges an object only when it is made. One that was stored before the rule would else be frozen: the API server refuses
 * every write of it, also that of the status that says what is wrong. Nobody can change a name anyway.
 */
function onCreation({ rule, ...more }: CelRule): CelRule {
  return { rule: `oldSelf.hasValue() || (${rule})`, optionalOldSelf: true, ...more };
}

/** On the whole object: of its metadata CEL sees the name only. */
export const serviceNameRules: readonly CelRule[] = [
  {
    rule: `!has(self.metadata.name) || self.metadata.name.size() <= ${longestServiceName}`,
    message: `the name is too long for the children that are named after it (such as NAME-dashboard): use at most ${longestServiceName} characters`,
    fieldPath: ".metadata.name",
  },
  {
    rule: "!has(self.metadata.name) || self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: "a Service is named after it: use a-z, 0-9 and -, beginning with a letter, no dots",
    fieldPath: ".metadata.name",
  },
].map(onCreation);

/** A Job, whose name becomes a label and part of a pod's name. */
export const loadTestNameRules: readonly CelRule[] = [
  {
    rule: "self.metadata.name.size() <= 52 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: "a Job is named after it: use at most 52 of a-z, 0-9 and -, beginning with a letter, no dots",
    fieldPath: ".metadata.name",
  },
].map(onCreation);
