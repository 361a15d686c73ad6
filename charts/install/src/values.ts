/** The settings of an installation: source of the chart's values and their schema, and of Pulumi's arguments. */
import { Type, type Static, type TProperties, type TSchema } from "typebox";
import { Value } from "typebox/value";

/** All members have defaults, so the group may be left out. */
function group<Members extends TProperties>(description: string, members: Members) {
  const empty = Type.Object(members, { additionalProperties: false, description });
  return Type.Object(members, { additionalProperties: false, description, default: Value.Default(empty, {}) });
}
const text = (description: string, byDefault: string, more: object = {}) =>
  Type.String({ description, default: byDefault, ...more });
const flag = (description: string, byDefault: boolean) => Type.Boolean({ description, default: byDefault });
const list = <Item extends TSchema>(description: string, item: Item, byDefault: readonly unknown[] = []) =>
  Type.Array(item, { description, default: [...byDefault] });
const texts = (description: string, byDefault: Readonly<Record<string, string>> = {}) =>
  Type.Record(Type.String(), Type.String(), { description, default: byDefault });
/** A structure of Kubernetes' own, which the API server validates. */
const open = (description: string, byDefault: object = {}) =>
  Type.Record(Type.String(), Type.Unknown(), { description, default: byDefault });
const openObject = Type.Record(Type.String(), Type.Unknown());
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const label = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

/** The version of workload/package.json. */
const processorImage = "gpumedia-processor:0.1.0";

export const valuesSchema = Type.Object(
  {
    fullnameOverride: text("Name of all objects. Empty: derived from the release's name.", "", {
      pattern: `^$|${label}`,
    }),
    image: group("Image of the operator.", {
      repository: text("Repository, without the tag.", "gpumedia-operator", { minLength: 1 }),
      tag: text("Tag. Empty: the chart's version.", ""),
      pullPolicy: Type.Enum(["Always", "IfNotPresent", "Never"], {
        description: "Pull policy.",
        default: "IfNotPresent",
      }),
    }),
    imagePullSecrets: list(
      "Pull secrets for the operator's image, in its namespace.",
      Type.Object({ name: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
    ),
    // These have the processor's version, not the chart's: an upgrade with the same processor restarts no service.
    processorImage: text(
      "Image of services with GPUs that set no image; it needs CUDA. A change rolls out all of them.",
      `${processorImage}-cuda`,
      { minLength: 1 },
    ),
    processorImageCpu: text(
      "Image of services without GPUs (gpu.count: 0) that set no image. A change rolls out all of them.",
      processorImage,
      { minLength: 1 },
    ),
    runbookUrl: text("URL of the page with the alerts' runbooks. Empty: the operator's default.", "", {
      pattern: "^$|^https?://",
    }),
    replicas: Type.Integer({
      description: "Number of replicas. One is the leader; the others are standbys.",
      default: 2,
      minimum: 0,
      maximum: 10,
    }),
    namespaces: Type.Array(Type.String({ pattern: label }), {
      description: "Namespaces to watch; they must exist. Empty: all, which needs a ClusterRole.",
      default: [],
      uniqueItems: true,
    }),
    logLevel: Type.Enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
      description: "Log level of the operator.",
      default: "info",
    }),
    extraArgs: list("Additional flags of the operator; see gpumedia-operator --help.", Type.String()),
    resources: open("Resources of the operator's pods. Right after creating 100 services, 178 MiB were in use.", {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { memory: "512Mi" },
    }),
    podAnnotations: texts("Additional annotations of the operator's pods."),
    podLabels: texts("Additional labels of the operator's pods."),
    nodeSelector: texts("Node selector of the operator's pods.", { "kubernetes.io/os": "linux" }),
    tolerations: list("Tolerations of the operator's pods.", openObject),
    affinity: open("Affinity of the operator's pods."),
    topologySpread: Type.Enum(["ScheduleAnyway", "DoNotSchedule", "Off"], {
      description:
        "Whether replicas must run on different nodes (DoNotSchedule), should (ScheduleAnyway), or need not (Off).",
      default: "ScheduleAnyway",
    }),
    runAs: Type.Enum(["Auto", "Image", "Platform"], {
      description:
        "User and group of the operator's pods: the image's, or none, so that the platform assigns them. Auto: none on OpenShift, if Helm installs.",
      default: "Auto",
    }),
    priorityClassName: text("PriorityClass of the operator's pods.", ""),
    serviceAccount: group("ServiceAccount of the operator.", {
      annotations: texts("Annotations of the ServiceAccount."),
    }),
    hostNetwork: flag(
      "Run the pods in the network of their nodes, where the API server reaches nodes and not pods (EKS with an overlay network). Pod Security must be privileged.",
      false,
    ),
    ports: group("Ports of the operator's pods; with hostNetwork they must be free on the nodes.", {
      metrics: { ...port, description: "Port of /metrics.", default: 8080 },
      health: { ...port, description: "Port of /livez and /readyz.", default: 8081 },
    }),
    podDisruptionBudget: group("PodDisruptionBudget of the operator; created only with two or more replicas.", {
      enabled: flag("Create the PodDisruptionBudget.", true),
    }),
    networkPolicy: group("NetworkPolicy of the operator: who may reach it, and what it may reach.", {
      enabled: flag("Create the NetworkPolicy.", true),
      apiServerPorts: list("Ports of the API server.", port, [443, 6443]),
      metricsFrom: list("Peers that may read /metrics, as in a NetworkPolicy. Empty: all.", openObject),
      ingress: list("Additional ingress rules, as in a NetworkPolicy.", openObject),
      egress: list("Additional egress rules, such as to the control plane of a service mesh.", openObject),
    }),
    monitoring: group("Monitoring of the operator itself.", {
      podMonitor: group("PodMonitor for prometheus-operator.", {
        enabled: flag("Create the PodMonitor. Requires its CRD.", false),
        labels: texts("Labels by which Prometheus selects the PodMonitor."),
      }),
      dashboard: group("ConfigMap with the operator's Grafana dashboard.", {
        enabled: flag("Create the ConfigMap.", false),
        labels: texts("Labels by which Grafana's sidecar finds the ConfigMap.", { grafana_dashboard: "1" }),
      }),
    }),
    metricsApi: group("Pod metrics at custom.metrics.k8s.io, for the HorizontalPodAutoscaler.", {
      enabled: flag(
        "Serve the metrics. A cluster can have only one provider, so not beside prometheus-adapter.",
        false,
      ),
      port: Type.Integer({
        description:
          "Port on which the pods serve the metrics. 10250 is open from the control plane of private GKE clusters.",
        default: 6443,
        minimum: 1024,
        maximum: 65_535,
      }),
    }),
    crds: group("CustomResourceDefinitions. Uninstalling keeps them and all of their objects.", {
      install: flag("Install and upgrade the CRDs. Set to false where another installation does.", true),
    }),
  },
  { additionalProperties: false, description: "Values of gpumedia-operator." },
);

export type Values = Static<typeof valuesSchema>;

/** A subset of the values: maps are merged and lists replaced, as Helm does. */
export type PartialValues = DeepPartial<Values>;
type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

export const defaultValues: Values = Value.Default(valuesSchema, {}) as Values;

/** Completes values with the defaults. Throws a TypeError that names the first invalid value. */
export function completeValues(given: PartialValues = {}): Values {
  const values = merge(defaultValues, given) as Values;
  const [first] = Value.Errors(valuesSchema, values);
  if (first !== undefined) {
    throw new TypeError(`values${first.instancePath.replaceAll("/", ".")} ${first.message}`);
  }
  return values;
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isMap(base) || !isMap(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], over[key])]));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
