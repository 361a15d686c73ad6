/** The CustomResourceDefinitions as objects. */
import { jsonSchema, type JsonSchema } from "../schema/json-schema.ts";
import { gpuMediaLoadTest, gpuMediaProfile, gpuMediaService, group, version, type Kind } from "../schema/kinds.ts";
import { defaultProfileName } from "../profiles/index.ts";
import { profileDefault } from "./defaults.ts";
import { structural, type DefaultOf, type StructuralSchema } from "./structural.ts";

interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** Shown only with `-o wide`. Never 0: the server drops it, so every apply would seem to change the CRD. */
  readonly priority?: 1;
}

interface Definition {
  readonly kind: Kind;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly schema: JsonSchema;
  readonly defaultOf: DefaultOf;
  /** The status of an object that has not been reconciled yet. */
  readonly initialStatus?: object;
  readonly columns: readonly PrinterColumn[];
  /** For `kubectl scale`, and for an autoscaler of the user's own. */
  readonly scale?: Scale;
}

interface Scale {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath: string;
}

/** kstatus treats an object without a status as ready: Flux would report a service as ready before its first reconcile. */
const notReconciled = { observedGeneration: -1 };

const age = column("Age", "date", ".metadata.creationTimestamp", "Time since creation.");

/** The defaults of fields that only services have. */
const serviceDefaults: Readonly<Record<string, string>> = {
  profile: `Defaults to ${defaultProfileName}.`,
  suspend: "Defaults to false.",
};

const definitions: readonly Definition[] = [
  {
    kind: "GpuMediaService",
    plural: "gpumediaservices",
    shortName: "gms",
    scope: "Namespaced",
    schema: jsonSchema(gpuMediaService),
    defaultOf: (path, isMap) => serviceDefaults[path] ?? profileDefault(path, isMap),
    initialStatus: notReconciled,
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas.ready",
      labelSelectorPath: ".status.selector",
    },
    columns: [
      column("Profile", "string", ".status.summary.profile", "Name of the profile."),
      column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', "Whether the service is ready."),
      column("Replicas", "string", ".status.summary.replicas", "Ready and desired replicas."),
      column("GPU%", "string", ".status.summary.gpuUtilization", "Mean GPU utilization."),
      column("P95", "string", ".status.summary.latencyP95", "95th percentile of latency."),
      column("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', "Reason of the Ready condition."),
      age,
      column("Endpoint", "string", ".status.endpoint", "URL of the service.", 1),
      column("Bottleneck", "string", ".status.bottleneck", "The resource that limits the throughput.", 1),
      column("Image", "string", ".status.summary.image", "Image of the processor.", 1),
    ],
  },
  {
    kind: "GpuMediaProfile",
    plural: "gpumediaprofiles",
    shortName: "gmp",
    scope: "Cluster",
    schema: jsonSchema(gpuMediaProfile),
    defaultOf: () => "",
    // None at first: an operator that watches single namespaces never writes it.
    columns: [
      column(
        "Ready",
        "string",
        '.status.conditions[?(@.type=="Ready")].status',
        "Whether services can use the profile.",
      ),
      column("Used-By", "integer", ".status.services", "Number of services that use the profile."),
      column("Based-On", "string", ".spec.basedOn", "The profile that supplies the other settings."),
      column("Description", "string", ".spec.description", "Purpose of the profile."),
      age,
    ],
  },
  {
    kind: "GpuMediaLoadTest",
    plural: "gpumedialoadtests",
    shortName: "gmlt",
    scope: "Namespaced",
    schema: jsonSchema(gpuMediaLoadTest),
    defaultOf: () => "",
    initialStatus: notReconciled,
    columns: [
      column("Service", "string", ".spec.serviceRef.name", "The service under test."),
      column("Scenario", "string", ".status.summary.scenario", "The load scenario."),
      column("Verdict", "string", ".status.verdict", "Whether the run met its thresholds."),
      column("P95", "string", ".status.summary.latencyP95", "95th percentile of latency."),
      column("RPS", "string", ".status.summary.requestsPerSecond", "Rate of accepted requests, per second."),
      column("Errors", "string", ".status.summary.errors", "Share of failed requests."),
      column("Reason", "string", ".status.conditions[0].reason", "Reason of the first condition."),
      age,
    ],
  },
];

function column(
  name: string,
  type: PrinterColumn["type"],
  jsonPath: string,
  description: string,
  priority?: 1,
): PrinterColumn {
  return { name, type, jsonPath, description, ...(priority === undefined ? {} : { priority }) };
}

export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: Definition["scope"];
    readonly names: {
      readonly kind: Kind;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      readonly subresources: { readonly status: object; readonly scale?: Scale };
      readonly additionalPrinterColumns: readonly PrinterColumn[];
    }[];
  };
}

export const customResourceDefinitions: readonly CustomResourceDefinition[] = definitions.map((definition) => {
  const { kind, plural, shortName, scope, columns, scale } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ["gpumedia"],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(definition) },
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
});

/** The server has its own schema for `apiVersion`, `kind` and `metadata`. */
function rootSchema({ schema, defaultOf, initialStatus }: Definition): StructuralSchema {
  const { properties = {}, required: _required, ...root } = schema;
  const { spec = {}, status = {} } = properties;
  // The server has no schema for members of metadata, and rejects a fieldPath into it.
  const rules = root["x-kubernetes-validations"]?.map(({ fieldPath: _fieldPath, ...rule }) => rule);
  return {
    ...structural(root, () => ""),
    ...(rules === undefined ? {} : { "x-kubernetes-validations": rules }),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: structural(spec, defaultOf),
      status: { ...structural(status, () => ""), ...(initialStatus === undefined ? {} : { default: initialStatus }) },
    },
  };
}
