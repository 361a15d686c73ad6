/**
 * CEL rules over several fields, for the API server and for `gpumedia validate`. A rule sees one object only; the operator
 * detects contradictions with a profile and reports them in the status.
 */
import type { CelRule } from "./scalars.ts";

/** Leaves room for the longest suffix of a child's name. */
export const longestServiceName = 63 - "-dashboard".length;

const withGpu = "self.?gpu.?count.orValue(1) > 0";
const cpuTarget = "self.?autoscaling.?horizontal.?cpuUtilizationPercent.orValue(60)";
const horizontally = (otherwise: string) => `self.?autoscaling.?horizontal.?enabled.orValue(${otherwise})`;
/** Staging and production scale horizontally; other profiles are unknown here. */
const profileScales = "self.?profile.orValue('production') in ['production', 'staging']";

const cpuTwice = {
  message:
    "both autoscalers would act on CPU: set controlledResources: [memory], or autoscaling.horizontal.cpuUtilizationPercent: 0",
  fieldPath: ".autoscaling.vertical.controlledResources",
};
/** Uses has() for the list: with orValue(), the server ignores the list's bounds and rejects the rule as too costly. */
const verticallyOnCpu = (otherwise: string) =>
  `has(self.autoscaling) && has(self.autoscaling.vertical) && has(self.autoscaling.vertical.controlledResources) && 'cpu' in self.autoscaling.vertical.controlledResources && self.?autoscaling.?vertical.?enabled.orValue(${otherwise}) && self.?autoscaling.?vertical.?mode.orValue('Auto') != 'Off'`;

const replicasAreScaled = {
  message:
    "the autoscaler sets the replicas: set autoscaling.horizontal.minReplicas and maxReplicas instead of replicas, or autoscaling.horizontal.enabled: false",
  fieldPath: ".replicas",
};

/** Rules for services and profiles. */
export const tunableRules: readonly CelRule[] = [
  {
    rule: `${withGpu} || self.?autoscaling.?horizontal.?gpuUtilizationPercent.orValue(0) == 0`,
    message: "a service without GPUs (gpu.count: 0) cannot scale on GPU utilization: remove gpuUtilizationPercent",
    fieldPath: ".autoscaling.horizontal.gpuUtilizationPercent",
  },
  {
    rule: `${withGpu} || !self.?monitoring.?dcgm.?enabled.orValue(false)`,
    message: "a service without GPUs (gpu.count: 0) has no GPU metrics: remove monitoring.dcgm.enabled",
    fieldPath: ".monitoring.dcgm.enabled",
  },
  {
    rule: `${withGpu} || self.?slo.?requestsPerSecondPerGpu.orValue(0) == 0`,
    message: "a service without GPUs (gpu.count: 0) has no target per GPU: remove slo.requestsPerSecondPerGpu",
    fieldPath: ".slo.requestsPerSecondPerGpu",
  },
  {
    rule: `!${horizontally("false")} || self.?live.?enabled.orValue(false) || ${cpuTarget} > 0 || self.?autoscaling.?horizontal.?gpuUtilizationPercent.orValue(70) > 0`,
    message:
      "horizontal autoscaling has no target: set cpuUtilizationPercent or gpuUtilizationPercent above 0, or enabled: false",
    fieldPath: ".autoscaling.horizontal",
  },
  {
    rule: "!self.?network.?ingress.?enabled.orValue(false) || !has(self.network.ingress.host) || !has(self.network.gateway) || !has(self.network.gateway.hostnames) || !(self.network.ingress.host in self.network.gateway.hostnames)",
    message:
      "the Ingress and the Gateway serve the same host: remove it from one of them, or set network.ingress.enabled: false",
    fieldPath: ".network.gateway.hostnames",
  },
];

export const serviceRules: readonly CelRule[] = [
  { rule: `!has(self.replicas) || !${horizontally(profileScales)}`, ...replicasAreScaled },
  { rule: `!(${verticallyOnCpu("true")} && ${horizontally(profileScales)} && ${cpuTarget} > 0)`, ...cpuTwice },
  {
    rule: "!self.?network.?ingress.?enabled.orValue(false) || has(self.network.ingress.host)",
    message: "an Ingress without a host would serve all hosts: set network.ingress.host",
    fieldPath: ".network.ingress",
  },
];

export const profileRules: readonly CelRule[] = [
  { rule: `!has(self.replicas) || !${horizontally("false")}`, ...replicasAreScaled },
  { rule: `!(${verticallyOnCpu("false")} && ${horizontally("false")} && ${cpuTarget} > 0)`, ...cpuTwice },
];

/**
 * Applies a rule on creation only. Otherwise the API server would reject every update of an object that was stored before
 * the rule existed, including the status that reports the problem. Names are immutable anyway.
 */
function onCreation({ rule, ...more }: CelRule): CelRule {
  return { rule: `oldSelf.hasValue() || (${rule})`, optionalOldSelf: true, ...more };
}

/** Not by orValue(), whose result has no bound: the server would reject the rule as too costly. */
const profileOf = (object: "self" | "oldSelf") =>
  `(has(${object}.spec) && has(${object}.spec.profile) ? ${object}.spec.profile : '')`;
const scalesIn = (object: "self" | "oldSelf") => `${object}.?spec.?autoscaling.?horizontal.?enabled.orValue(true)`;

/**
 * For `kubectl scale`, which would otherwise report success and stall the service: a GpuMediaProfile may enable the
 * autoscaler, which only the status shows. An update that also changes the profile or the switch is for the operator to check.
 */
export const scaleRules: readonly CelRule[] = [
  {
    rule: [
      "!has(self.spec) || !has(self.spec.replicas)",
      "(has(oldSelf.spec) && has(oldSelf.spec.replicas) && oldSelf.spec.replicas == self.spec.replicas)",
      `${profileOf("self")} != ${profileOf("oldSelf")}`,
      `${scalesIn("self")} != ${scalesIn("oldSelf")}`,
      "!has(self.status) || !has(self.status.conditions)",
      "!self.status.conditions.exists(one, one.type == 'ScalingReady' && one.reason != 'NotNeeded')",
    ].join(" || "),
    message: replicasAreScaled.message,
    fieldPath: ".spec.replicas",
  },
];

/** On the object's root: of its metadata, CEL sees only the name. */
export const serviceNameRules: readonly CelRule[] = [
  {
    rule: `!has(self.metadata.name) || self.metadata.name.size() <= ${longestServiceName}`,
    message: `the name must be at most ${longestServiceName} characters, as the names of its children add to it (such as NAME-dashboard)`,
    fieldPath: ".metadata.name",
  },
  {
    rule: "!has(self.metadata.name) || self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: "the name must start with a letter and contain only a-z, 0-9 and -, as a Service is named after it",
    fieldPath: ".metadata.name",
  },
].map(onCreation);

/** The name becomes that of a Job, and so a label and part of a pod's name. */
export const loadTestNameRules: readonly CelRule[] = [
  {
    rule: "self.metadata.name.size() <= 52 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message:
      "the name must be at most 52 characters, start with a letter and contain only a-z, 0-9 and -, as a Job is named after it",
    fieldPath: ".metadata.name",
  },
].map(onCreation);
