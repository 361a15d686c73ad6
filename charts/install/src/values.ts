/** What can be chosen about an installation. The chart's values and their schema, and Pulumi's arguments, are these. */
import { Type, type Static, type TProperties, type TSchema } from "typebox";
import { Value } from "typebox/value";

/** Its members all have defaults, so the whole may be left out. */
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
/** Kubernetes' own structures: the API server knows best what they may be. */
const open = (description: string, byDefault: object = {}) =>
  Type.Record(Type.String(), Type.Unknown(), { description, default: byDefault });
const openObject = Type.Record(Type.String(), Type.Unknown());
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const label = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$";

/** The version of workload/package.json. */
const processorImage = "gpumedia-processor:0.1.0";

export const valuesSchema = Type.Object(
  {
    fullnameOverride: text("Name of all objects; empty: made of the release's.", "", { pattern: `^$|${label}` }),
    image: group("The operator's image.", {
      repository: text("Without the tag.", "gpumedia-operator", { minLength: 1 }),
      tag: text("Empty: the version of the chart.", ""),
      pullPolicy: Type.Enum(["Always", "IfNotPresent", "Never"], {
        description: "As in a pod.",
        default: "IfNotPresent",
      }),
    }),
    imagePullSecrets: list(
      "Secrets for the operator's image, in its namespace.",
      Type.Object({ name: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
    ),
    // Of its own version, not the chart's: an upgrade that brings no other processor restarts no service.
    processorImage: text(
      "Image of services that name none. Another one is rolled out to all of them.",
      processorImage,
      {
        minLength: 1,
      },
    ),
    runbookUrl: text("Page of the alerts' runbooks; empty: the project's.", "", { pattern: "^$|^https?://" }),
    replicas: Type.Integer({
      description: "One leads, the others stand by.",
      default: 2,
      minimum: 0,
      maximum: 10,
    }),
    namespaces: Type.Array(Type.String({ pattern: label }), {
      description: "The only namespaces that the operator looks after; they must exist. Empty: all, by a ClusterRole.",
      default: [],
      uniqueItems: true,
    }),
    logLevel: Type.Enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
      description: "Of the operator.",
      default: "info",
    }),
    extraArgs: list("Further flags of the operator: gpumedia-operator --help lists them.", Type.String()),
    resources: open("Of a pod. 178 MiB were in use with 100 services just created.", {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { memory: "512Mi" },
    }),
    podAnnotations: texts("Further annotations of the operator's pods."),
    podLabels: texts("Further labels of the operator's pods."),
    nodeSelector: texts("Nodes for the operator's pods.", { "kubernetes.io/os": "linux" }),
    tolerations: list("Taints that the operator's pods bear.", openObject),
    affinity: open("Affinity of the operator's pods."),
    topologySpread: Type.Enum(["ScheduleAnyway", "DoNotSchedule", "Off"], {
      description: "Whether the replicas must run on different nodes.",
      default: "ScheduleAnyway",
    }),
    priorityClassName: text("Priority of the operator's pods.", ""),
    serviceAccount: group("The operator's ServiceAccount.", { annotations: texts("Its annotations.") }),
    podDisruptionBudget: group("Keeps a replica while nodes are drained; only with two or more replicas.", {
      enabled: flag("Whether there is one.", true),
    }),
    networkPolicy: group("What may reach the operator, and what it may reach.", {
      enabled: flag("Whether there is one.", true),
      apiServerPorts: list("Ports of the API server.", port, [443, 6443]),
      metricsFrom: list("Peers that may read /metrics, as in a NetworkPolicy. Empty: all.", openObject),
    }),
    monitoring: group("How the operator itself is watched.", {
      podMonitor: group("A PodMonitor, for prometheus-operator.", {
        enabled: flag("Needs its CRD.", false),
        labels: texts("Labels by which a Prometheus selects it."),
      }),
      dashboard: group("A ConfigMap with the operator's Grafana dashboard.", {
        enabled: flag("Whether there is one.", false),
        labels: texts("Labels by which Grafana's sidecar finds it.", { grafana_dashboard: "1" }),
      }),
    }),
    metricsApi: group("The pods' metrics at custom.metrics.k8s.io, for the HorizontalPodAutoscaler.", {
      enabled: flag("Only one provider of a cluster can serve it: not beside prometheus-adapter.", false),
      port: Type.Integer({ description: "Where the pods listen.", default: 6443, minimum: 1024, maximum: 65_535 }),
    }),
    crds: group("The CustomResourceDefinitions. Uninstalling keeps them, and all objects of theirs.", {
      install: flag("Install and upgrade them; false: somebody else does.", true),
    }),
  },
  { additionalProperties: false, description: "Values of gpumedia-operator." },
);

export type Values = Static<typeof valuesSchema>;

/** Some of the values: maps are merged, lists replaced, as Helm does. */
export type PartialValues = DeepPartial<Values>;
type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

export const defaultValues: Values = Value.Default(valuesSchema, {}) as Values;

/** All of the values. Fails with an error that names what is wrong. */
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
