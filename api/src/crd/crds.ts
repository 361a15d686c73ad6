/** The CustomResourceDefinitions, as objects. */
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
  /** Only shown with `-o wide`. Absent for the others: the server drops a 0, and every apply would seem to change something. */
  readonly priority?: 1;
}

interface Definition {
  readonly kind: Kind;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly schema: JsonSchema;
  readonly defaultOf: DefaultOf;
  readonly hasStatus: boolean;
  readonly columns: readonly PrinterColumn[];
}

const age = column("Age", "date", ".metadata.creationTimestamp", "Since when it exists.");

/** Of what only services have. */
const ownDefaults: Readonly<Record<string, string>> = {
  profile: `Default: ${defaultProfileName}.`,
  suspend: "Default: false.",
};

const definitions: readonly Definition[] = [
  {
    kind: "GpuMediaService",
    plural: "gpumediaservices",
    shortName: "gms",
    scope: "Namespaced",
    schema: jsonSchema(gpuMediaService),
    defaultOf: (path, isMap) => ownDefaults[path] ?? profileDefault(path, isMap),
    hasStatus: true,
    columns: [
      column("Profile", "string", ".status.summary.profile", "The profile in use."),
      column("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', "Whether it serves."),
      column("Replicas", "string", ".status.summary.replicas", "Ready of desired replicas."),
      column("GPU%", "string", ".status.summary.gpuUtilization", "GPU utilization."),
      column("P95", "string", ".status.summary.latencyP95", "95 of 100 requests were faster."),
      column("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', "Why it serves or not."),
      age,
      column("Endpoint", "string", ".status.endpoint", "Where it is reached.", 1),
      column("Bottleneck", "string", ".status.bottleneck", "What limits the throughput.", 1),
      column("Image", "string", ".status.summary.image", "The processor's image.", 1),
    ],
  },
  {
    kind: "GpuMediaProfile",
    plural: "gpumediaprofiles",
    shortName: "gmp",
    scope: "Cluster",
    schema: jsonSchema(gpuMediaProfile),
    defaultOf: () => "",
    hasStatus: false,
    columns: [
      column("Based-On", "string", ".spec.basedOn", "The profile that it changes."),
      column("Description", "string", ".spec.description", "What it is for."),
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
    hasStatus: true,
    columns: [
      column("Service", "string", ".spec.serviceRef.name", "The service that is tested."),
      column("Scenario", "string", ".status.summary.scenario", "What is run."),
      column("Verdict", "string", ".status.verdict", "Whether it reached its thresholds."),
      column("P95", "string", ".status.summary.latencyP95", "95 of 100 requests were faster."),
      column("RPS", "string", ".status.summary.requestsPerSecond", "Accepted in a second."),
      column("Errors", "string", ".status.summary.errors", "Failed requests."),
      age,
      column("Reason", "string", ".status.conditions[0].reason", "Where it stands.", 1),
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
      readonly subresources?: { readonly status: object };
      readonly additionalPrinterColumns: readonly PrinterColumn[];
    }[];
  };
}

/** A kstatus reader takes an object without any status for done: Flux would tell a service ready before the operator has seen it. */
const notYetSeen = { observedGeneration: -1 };

export const customResourceDefinitions: readonly CustomResourceDefinition[] = definitions.map((definition) => {
  const { kind, plural, shortName, scope, hasStatus, columns } = definition;
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
          ...(hasStatus ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
});

/** `apiVersion`, `kind` and `metadata` have the server's own schema. */
function rootSchema({ schema, defaultOf }: Definition): StructuralSchema {
  const { properties = {}, required: _required, ...root } = schema;
  const { spec = {}, status } = properties;
  // The server has no schema for members of metadata, and refuses a rule that points at one.
  const rules = root["x-kubernetes-validations"]?.map(({ fieldPath: _fieldPath, ...rule }) => rule);
  return {
    ...structural(root, () => ""),
    ...(rules === undefined ? {} : { "x-kubernetes-validations": rules }),
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: structural(spec, defaultOf),
      ...(status === undefined ? {} : { status: { ...structural(status, () => ""), default: notYetSeen } }),
    },
  };
}
