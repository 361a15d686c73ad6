/** For each CEL rule of the CRDs, an object that breaks it and a nearly equal one that does not. */
import type { Kind } from "./kinds.ts";
import type { GpuMediaServiceSpec } from "./types.ts";

export interface RuleCase {
  /** The rule's message. */
  readonly message: string;
  /** The path of the finding. */
  readonly at: string;
  readonly breaks: object;
  readonly keeps: object;
}

/** A case with specs instead of objects, for brevity. */
interface SpecCase {
  readonly at: string;
  readonly breaks: GpuMediaServiceSpec;
  readonly keeps: GpuMediaServiceSpec;
}

/** The cases of each rule, by the rule's message. */
type SpecCases = Readonly<Record<string, SpecCase | readonly SpecCase[]>>;

const cpuTwice =
  "both autoscalers would act on CPU: set controlledResources: [memory], or autoscaling.horizontal.cpuUtilizationPercent: 0";
const scaledReplicas =
  "the autoscaler sets the replicas: set autoscaling.horizontal.minReplicas and maxReplicas instead of replicas, or autoscaling.horizontal.enabled: false";

const nodes = (expression: object): GpuMediaServiceSpec => ({
  scheduling: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "gpu.memory", ...expression } as never] }],
        },
      },
    },
  },
});
const nodesAt =
  "spec.scheduling.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values";

const zones = { topologyKey: "topology.kubernetes.io/zone", maxSkew: 1, minDomains: 2 };

const near = (term: object): GpuMediaServiceSpec => ({
  scheduling: {
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", matchLabelKeys: ["team"], ...term }],
      },
    },
  },
});

const inUnits = (resource: "limits.memory", divisor: "1m" | "1Mi"): GpuMediaServiceSpec => ({
  processing: { env: [{ name: "A", valueFrom: { resourceFieldRef: { resource, divisor } } }] },
});

/** Cases of the rules that services and profiles share. */
const tunable: SpecCases = {
  "a service without GPUs (gpu.count: 0) cannot scale on GPU utilization: remove gpuUtilizationPercent": {
    at: "spec.autoscaling.horizontal.gpuUtilizationPercent",
    breaks: { gpu: { count: 0 }, autoscaling: { horizontal: { gpuUtilizationPercent: 70 } } },
    keeps: { gpu: { count: 1 }, autoscaling: { horizontal: { gpuUtilizationPercent: 70 } } },
  },
  "a service without GPUs (gpu.count: 0) has no GPU metrics: remove monitoring.dcgm.enabled": {
    at: "spec.monitoring.dcgm.enabled",
    breaks: { gpu: { count: 0 }, monitoring: { dcgm: { enabled: true } } },
    keeps: { gpu: { count: 0 }, monitoring: { dcgm: { enabled: false } } },
  },
  "a service without GPUs (gpu.count: 0) has no target per GPU: remove slo.requestsPerSecondPerGpu": {
    at: "spec.slo.requestsPerSecondPerGpu",
    breaks: { gpu: { count: 0 }, slo: { requestsPerSecondPerGpu: 1000 } },
    keeps: { gpu: { count: 0 }, slo: { concurrentUsers: 1000 } },
  },
  "horizontal autoscaling has no target: set cpuUtilizationPercent or gpuUtilizationPercent above 0, or enabled: false":
    [
      {
        at: "spec.autoscaling.horizontal",
        breaks: { autoscaling: { horizontal: { enabled: true, cpuUtilizationPercent: 0, gpuUtilizationPercent: 0 } } },
        keeps: { autoscaling: { horizontal: { enabled: true, cpuUtilizationPercent: 0 } } },
      },
      {
        at: "spec.autoscaling.horizontal",
        breaks: {
          live: { enabled: false },
          autoscaling: { horizontal: { enabled: true, cpuUtilizationPercent: 0, gpuUtilizationPercent: 0 } },
        },
        keeps: {
          live: { enabled: true },
          autoscaling: { horizontal: { enabled: true, cpuUtilizationPercent: 0, gpuUtilizationPercent: 0 } },
        },
      },
    ],
  "the Ingress and the Gateway serve the same host: remove it from one of them, or set network.ingress.enabled: false":
    {
      at: "spec.network.gateway.hostnames",
      breaks: {
        network: { ingress: { enabled: true, host: "a.example" }, gateway: { hostnames: ["b.example", "a.example"] } },
      },
      keeps: { network: { ingress: { enabled: true, host: "a.example" }, gateway: { hostnames: ["b.example"] } } },
    },
  "gpu.claim needs gpu.allocation ResourceClaim or Auto: change gpu.allocation, or remove gpu.claim": {
    at: "spec.gpu.claim",
    breaks: { gpu: { allocation: "ExtendedResource", claim: { deviceClassName: "gpu.example.com" } } },
    keeps: { gpu: { allocation: "Auto", claim: { deviceClassName: "gpu.example.com" } } },
  },
  "gpu.engines needs gpu.allocation ResourceClaim or Auto, as an extended resource has no engines: change gpu.allocation, or remove gpu.engines":
    {
      at: "spec.gpu.engines",
      breaks: { gpu: { allocation: "ExtendedResource", engines: { jpeg: 1 } } },
      keeps: { gpu: { allocation: "ExtendedResource", engines: { jpeg: 0 } } },
    },
  "timeSlice requires strategy: TimeSlicing": {
    at: "spec.gpu.share.timeSlice",
    breaks: { gpu: { share: { strategy: "MPS", timeSlice: "Long" } } },
    keeps: { gpu: { share: { strategy: "TimeSlicing", timeSlice: "Long" } } },
  },
  "threadPercentage requires strategy: MPS": {
    at: "spec.gpu.share.threadPercentage",
    breaks: { gpu: { share: { strategy: "TimeSlicing", threadPercentage: 50 } } },
    keeps: { gpu: { share: { strategy: "MPS", threadPercentage: 50 } } },
  },
  "a service without GPUs (gpu.count: 0) uses no engines: remove gpu.engines": {
    at: "spec.gpu.engines",
    breaks: { gpu: { count: 0, engines: { decoders: 1 } } },
    keeps: { gpu: { count: 1, engines: { decoders: 1 } } },
  },
  "a service without GPUs (gpu.count: 0) claims none: remove gpu.claim": {
    at: "spec.gpu.claim",
    breaks: { gpu: { count: 0, claim: { selectors: ["true"] } } },
    keeps: { gpu: { count: 1, claim: { selectors: ["true"] } } },
  },
  "minReplicas must not be greater than maxReplicas": {
    at: "spec.autoscaling.horizontal.minReplicas",
    breaks: { autoscaling: { horizontal: { minReplicas: 3, maxReplicas: 2 } } },
    keeps: { autoscaling: { horizontal: { minReplicas: 3, maxReplicas: 3 } } },
  },
  "GPUs must not be set here: use gpu.count and gpu.resourceName": {
    at: "spec.resources",
    breaks: { resources: { limits: { "nvidia.com/gpu": 1 } } },
    keeps: { resources: { limits: { "example.com/fpga": 1, "nvidia.com/gpumem": 4000, "nvidia.com/gpucores": 30 } } },
  },
  "a resource must be cpu, memory, ephemeral-storage, hugepages-SIZE, or have a domain, such as example.com/fpga": (
    ["requests", "limits"] as const
  ).map((member) => ({
    at: `spec.resources.${member}`,
    breaks: { resources: { [member]: { cpus: 4 } } },
    keeps: { resources: { [member]: { cpu: 4, "hugepages-2Mi": "64Mi", "example.com/fpga": 1 } } },
  })),
  "a key must be at most 63 letters, digits, -, _ and dots, with an optional domain: example.com/team": [
    ["podMetadata", "annotations", "media & more"],
    ["podMetadata", "labels", "media"],
    ["deploymentMetadata", "annotations", "media & more"],
    ["deploymentMetadata", "labels", "media"],
  ].map(([metadata = "", member = "", value]) => ({
    at: `spec.${metadata}.${member}`,
    breaks: { [metadata]: { [member]: { "the team": "media" } } },
    keeps: { [metadata]: { [member]: { "example.com/the_team": value } } },
  })),
  "set exactly one of persistentVolumeClaim, image and csi": {
    at: "spec.model.volume",
    breaks: { model: { volume: { persistentVolumeClaim: { claimName: "models" }, image: { reference: "models:1" } } } },
    keeps: { model: { volume: { image: { reference: "models:1" } } } },
  },
  "set value or valueFrom, not both": {
    at: "spec.processing.env[1]",
    breaks: {
      processing: {
        env: [{ name: "A" }, { name: "B", value: "b", valueFrom: { secretKeyRef: { name: "secret", key: "b" } } }],
      },
    },
    keeps: { processing: { env: [{ name: "A" }, { name: "B", value: "b" }] } },
  },
  "set exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef": {
    at: "spec.processing.env[0].valueFrom",
    breaks: { processing: { env: [{ name: "A", valueFrom: {} }] } },
    keeps: { processing: { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }] } },
  },
  "operators In and NotIn require at least one value": {
    at: nodesAt,
    breaks: nodes({ operator: "In" }),
    keeps: nodes({ operator: "In", values: ["40"] }),
  },
  "operators Exists and DoesNotExist require values to be empty": {
    at: nodesAt,
    breaks: nodes({ operator: "Exists", values: ["40"] }),
    keeps: nodes({ operator: "Exists", values: [] }),
  },
  "operators Gt and Lt require one value, a whole number": {
    at: nodesAt,
    breaks: nodes({ operator: "Gt", values: ["40G"] }),
    keeps: nodes({ operator: "Gt", values: ["40"] }),
  },
  "minDomains requires whenUnsatisfiable: DoNotSchedule": {
    at: "spec.scheduling.topologySpreadConstraints[0].minDomains",
    breaks: { scheduling: { topologySpreadConstraints: [{ ...zones, whenUnsatisfiable: "ScheduleAnyway" }] } },
    keeps: { scheduling: { topologySpreadConstraints: [{ ...zones, whenUnsatisfiable: "DoNotSchedule" }] } },
  },
  "matchLabelKeys and mismatchLabelKeys need a labelSelector": {
    at: "spec.scheduling.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]",
    breaks: near({}),
    keeps: near({ labelSelector: {} }),
  },
  "the divisor of a CPU resource must be 1 or 1m; 1m is allowed for CPU only": {
    at: "spec.processing.env[0].valueFrom.resourceFieldRef.divisor",
    breaks: inUnits("limits.memory", "1m"),
    keeps: inUnits("limits.memory", "1Mi"),
  },
  "a toleration without a key requires operator: Exists": [
    {
      at: "spec.scheduling.tolerations[0]",
      breaks: { scheduling: { tolerations: [{ value: "spot" }] } },
      keeps: { scheduling: { tolerations: [{ key: "kind", value: "spot" }] } },
    },
    {
      at: "spec.gpu.claim.tolerations[0]",
      breaks: { gpu: { claim: { tolerations: [{ effect: "NoSchedule" }] } } },
      keeps: { gpu: { claim: { tolerations: [{ operator: "Exists", effect: "NoSchedule" }] } } },
    },
  ],
  "value must be empty with operator: Exists": [
    {
      at: "spec.scheduling.tolerations[0]",
      breaks: { scheduling: { tolerations: [{ key: "kind", operator: "Exists", value: "spot" }] } },
      keeps: { scheduling: { tolerations: [{ key: "kind", operator: "Equal", value: "spot" }] } },
    },
    {
      at: "spec.gpu.claim.firstAvailable[0].tolerations[0]",
      breaks: {
        gpu: {
          claim: { firstAvailable: [{ name: "a", tolerations: [{ key: "b", operator: "Exists", value: "c" }] }] },
        },
      },
      keeps: { gpu: { claim: { firstAvailable: [{ name: "a", tolerations: [{ key: "b", value: "c" }] }] } } },
    },
  ],
  "tolerationSeconds requires effect: NoExecute": {
    at: "spec.scheduling.tolerations[0]",
    breaks: { scheduling: { tolerations: [{ key: "kind", tolerationSeconds: 60 }] } },
    keeps: { scheduling: { tolerations: [{ key: "kind", effect: "NoExecute", tolerationSeconds: 60 }] } },
  },
  "a rule without from and ports allows everything: set one of them, or networkPolicy.enabled: false": {
    at: "spec.network.networkPolicy.ingress[0]",
    breaks: { network: { networkPolicy: { ingress: [{ from: [] }] } } },
    keeps: { network: { networkPolicy: { ingress: [{ ports: [{ port: 15_020 }] }] } } },
  },
  "endPort must not be less than port": {
    at: "spec.network.networkPolicy.egress[0].ports[0].endPort",
    breaks: { network: { networkPolicy: { egress: [{ ports: [{ port: 9000, endPort: 8000 }] }] } } },
    keeps: { network: { networkPolicy: { egress: [{ ports: [{ port: 9000, endPort: 9000 }] }] } } },
  },
  "a rule without to and ports allows everything: set one of them, or networkPolicy.enabled: false": {
    at: "spec.network.networkPolicy.egress[0]",
    breaks: { network: { networkPolicy: { egress: [{}] } } },
    keeps: { network: { networkPolicy: { egress: [{ to: [{ podSelector: {} }] }] } } },
  },
  "set either ipBlock, or podSelector, namespaceSelector or both": {
    at: "spec.network.networkPolicy.from[0]",
    breaks: { network: { networkPolicy: { from: [{ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }] } } },
    keeps: { network: { networkPolicy: { from: [{ podSelector: {}, namespaceSelector: {} }] } } },
  },
  "min must be less than max": {
    at: "spec.slo.gpuUtilization.min",
    breaks: { slo: { gpuUtilization: { min: 80, max: 80 } } },
    keeps: { slo: { gpuUtilization: { min: 79, max: 80 } } },
  },
  "the name gpu-media is taken by the processor": {
    at: "spec.initContainers[0].name",
    breaks: { initContainers: [{ name: "gpu-media", image: "a" }] },
    keeps: { initContainers: [{ name: "gpu-media-2", image: "a" }] },
  },
  "only a sidecar has probes: set restartPolicy: Always, or remove the probes": {
    at: "spec.initContainers[0]",
    breaks: { initContainers: [{ name: "a", image: "a", livenessProbe: { tcpSocket: { port: 1 } } }] },
    keeps: {
      initContainers: [{ name: "a", image: "a", restartPolicy: "Always", livenessProbe: { tcpSocket: { port: 1 } } }],
    },
  },
  "set exactly one of httpGet, tcpSocket and exec": {
    at: "spec.initContainers[0].readinessProbe",
    breaks: { initContainers: [{ name: "a", image: "a", restartPolicy: "Always", readinessProbe: {} }] },
    keeps: {
      initContainers: [
        { name: "a", image: "a", restartPolicy: "Always", readinessProbe: { exec: { command: ["true"] } } },
      ],
    },
  },
  "the names config, model and tmp are taken by the operator's volumes": {
    at: "spec.volumes[0].name",
    breaks: { volumes: [{ name: "model", emptyDir: {} }] },
    keeps: { volumes: [{ name: "models", emptyDir: {} }] },
  },
  "set exactly one of configMap, secret, emptyDir, persistentVolumeClaim, projected, downwardAPI, csi and image": {
    at: "spec.volumes[0]",
    breaks: { volumes: [{ name: "a", emptyDir: {}, secret: { secretName: "a" } }] },
    keeps: { volumes: [{ name: "a", secret: { secretName: "a" } }] },
  },
  "set exactly one of serviceAccountToken, configMap, secret and downwardAPI": {
    at: "spec.volumes[0].projected.sources[0]",
    breaks: { volumes: [{ name: "a", projected: { sources: [{}] } }] },
    keeps: { volumes: [{ name: "a", projected: { sources: [{ configMap: { name: "a" } }] } }] },
  },
  "the name of a kernel parameter must have the form net.ipv4.tcp_fin_timeout": {
    at: "spec.sysctls",
    breaks: { sysctls: { "net..ipv4": "1" } },
    keeps: { sysctls: { "net.ipv4.tcp_fin_timeout": "20" } },
  },
};

const service: SpecCases = {
  [scaledReplicas]: [
    {
      at: "spec.replicas",
      breaks: { replicas: 3 },
      keeps: { replicas: 3, autoscaling: { horizontal: { enabled: false } } },
    },
    {
      at: "spec.replicas",
      breaks: { profile: "team", replicas: 3, autoscaling: { horizontal: { enabled: true } } },
      // The API server does not know whether the profile scales.
      keeps: { profile: "team", replicas: 3 },
    },
  ],
  [cpuTwice]: [
    {
      at: "spec.autoscaling.vertical.controlledResources",
      breaks: { autoscaling: { vertical: { controlledResources: ["cpu", "memory"] } } },
      keeps: { autoscaling: { vertical: { controlledResources: ["memory"] } } },
    },
    {
      at: "spec.autoscaling.vertical.controlledResources",
      breaks: { profile: "staging", autoscaling: { vertical: { controlledResources: ["cpu"] }, horizontal: {} } },
      keeps: {
        profile: "staging",
        autoscaling: { vertical: { controlledResources: ["cpu"] }, horizontal: { cpuUtilizationPercent: 0 } },
      },
    },
    {
      at: "spec.autoscaling.vertical.controlledResources",
      breaks: { autoscaling: { vertical: { controlledResources: ["cpu"], mode: "Auto" } } },
      keeps: { autoscaling: { vertical: { controlledResources: ["cpu"], mode: "Off" } } },
    },
  ],
  "an Ingress without a host would serve all hosts: set network.ingress.host": {
    at: "spec.network.ingress",
    breaks: { network: { ingress: { enabled: true } } },
    keeps: { network: { ingress: { enabled: true, host: "a.example" } } },
  },
  ...tunable,
};

const profile: SpecCases = {
  [scaledReplicas]: {
    at: "spec.replicas",
    breaks: { replicas: 3, autoscaling: { horizontal: { enabled: true } } },
    keeps: { replicas: 3 },
  },
  [cpuTwice]: {
    at: "spec.autoscaling.vertical.controlledResources",
    breaks: {
      autoscaling: { horizontal: { enabled: true }, vertical: { enabled: true, controlledResources: ["cpu"] } },
    },
    keeps: { autoscaling: { horizontal: { enabled: true }, vertical: { controlledResources: ["cpu"] } } },
  },
  ...tunable,
};

function named(kind: string, name: string, spec: object = {}): object {
  return { apiVersion: "gpumedia.io/v1alpha1", kind, metadata: { name }, spec };
}

function cases(kind: string, specs: SpecCases): readonly RuleCase[] {
  const all = Object.entries(specs).flatMap(([message, list]) => [list].flat().map((spec) => ({ message, ...spec })));
  return all.map((spec, index) => ({
    ...spec,
    breaks: named(kind, `breaks-${index}`, spec.breaks),
    keeps: named(kind, `keeps-${index}`, spec.keeps),
  }));
}

const liveTest = { serviceRef: { name: "upscaler" }, scenario: "live" };

export const ruleCases: Readonly<Partial<Record<Kind, readonly RuleCase[]>>> = {
  GpuMediaService: [
    ...cases("GpuMediaService", service),
    {
      message:
        "the name must be at most 53 characters, as the names of its children add to it (such as NAME-dashboard)",
      at: "metadata.name",
      breaks: named("GpuMediaService", "a".repeat(63)),
      keeps: named("GpuMediaService", "a".repeat(53)),
    },
    {
      message: "the name must start with a letter and contain only a-z, 0-9 and -, as a Service is named after it",
      at: "metadata.name",
      breaks: named("GpuMediaService", "4k.upscaler"),
      keeps: named("GpuMediaService", "upscaler-4k"),
    },
  ],
  GpuMediaProfile: cases("GpuMediaProfile", profile),
  GpuMediaLoadTest: [
    ...(["requests", "limits"] as const).map((member) => {
      const test = (resource: string) =>
        named("GpuMediaLoadTest", "sized", {
          serviceRef: { name: "upscaler" },
          resources: { [member]: { [resource]: 1 } },
        });
      return {
        message:
          "a resource must be cpu, memory, ephemeral-storage, hugepages-SIZE, or have a domain, such as example.com/fpga",
        at: `spec.resources.${member}`,
        breaks: test("cpus"),
        keeps: test("cpu"),
      };
    }),
    {
      message: "scenario custom is unlimited: set requests or duration",
      at: "spec.requests",
      breaks: named("GpuMediaLoadTest", "endless", { serviceRef: { name: "upscaler" }, scenario: "custom" }),
      keeps: named("GpuMediaLoadTest", "timed", {
        serviceRef: { name: "upscaler" },
        scenario: "custom",
        duration: "1m",
      }),
    },
    {
      message: "scenario live is limited by duration and sessions: remove requests and concurrency",
      at: "spec.scenario",
      breaks: named("GpuMediaLoadTest", "counted", { ...liveTest, concurrency: 5 }),
      keeps: named("GpuMediaLoadTest", "live", { ...liveTest, sessions: 5, framesPerSecond: 15 }),
    },
    {
      message: "sessions and framesPerSecond require scenario live",
      at: "spec.scenario",
      breaks: named("GpuMediaLoadTest", "pictures", { ...liveTest, scenario: "stress", sessions: 5 }),
      keeps: named("GpuMediaLoadTest", "pictures", { ...liveTest, scenario: "stress", concurrency: 5 }),
    },
    {
      message:
        "the name must be at most 52 characters, start with a letter and contain only a-z, 0-9 and -, as a Job is named after it",
      at: "metadata.name",
      breaks: named("GpuMediaLoadTest", "a.b", { serviceRef: { name: "upscaler" } }),
      keeps: named("GpuMediaLoadTest", "a".repeat(52), { serviceRef: { name: "upscaler" } }),
    },
  ],
};
