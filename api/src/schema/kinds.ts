/** The kinds of gpumedia.io/v1alpha1, as users write them. */
import { Type } from "typebox";
import { flag, labelName, map, object, objectName, settings, text } from "./scalars.ts";
import { loadTestNameRules, profileRules, serviceNameRules, serviceRules, tunableRules } from "./rules.ts";
import { loadTestSpec, loadTestStatus } from "./load-test.ts";
import { serviceStatus } from "./status.ts";
import { tunables } from "./spec/tunable.ts";

export const group = "gpumedia.io";
export const version = "v1alpha1";

export const kindNames = ["GpuMediaService", "GpuMediaProfile", "GpuMediaLoadTest"] as const;
export type Kind = (typeof kindNames)[number];

/** Files that come from `kubectl get -o yaml` have them. */
const setByServer = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "finalizers",
  "generateName",
  "generation",
  "managedFields",
  "ownerReferences",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** For files; the API server has its own. A value that is no text is YAML's doing: `on`, `1`. */
const texts = (what: string) => map({ description: what, maxProperties: 1_000 }, Type.String());
const metadata = Type.Unsafe<ResourceMetadata>(
  settings(
    {
      description: "Name, namespace, labels and annotations.",
      rules: [{ rule: "has(self.name) || has(self.generateName)", message: "needs name: add it" }],
    },
    {
      name: objectName("Its name."),
      namespace: labelName("Its namespace."),
      labels: texts("Labels."),
      annotations: texts("Annotations."),
      ...Object.fromEntries(setByServer.map((name) => [name, Type.Unknown()])),
    },
  ),
);

/** What this contract needs of an object's metadata; the API server has its own schema for it. */
export interface ResourceMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export const tunableSpec = settings({ description: "What both a service and a profile may set." }, tunables);

export const serviceSpec = settings(
  {
    description: "What is wanted. Everything may be left out: {} is the guide's production setup.",
    rules: [...serviceRules, ...tunableRules],
  },
  {
    profile: objectName("development, staging, production, or the name of a GpuMediaProfile."),
    suspend: flag("The operator leaves the service and its children as they are."),
    ...tunables,
  },
);

export const profileSpec = settings(
  {
    description: "What services that name this profile get, unless they set it themselves.",
    rules: [...profileRules, ...tunableRules],
  },
  {
    description: text("What the profile is for.", 1_024),
    basedOn: objectName("The profile that this one changes. Absent: the built-in production."),
    ...tunables,
  },
);

const typeMeta = <const Name extends Kind>(kind: Name) => ({
  apiVersion: Type.Literal(`${group}/${version}`),
  kind: Type.Literal(kind),
  metadata,
});

export const gpuMediaService = object(
  {
    description: "A GPU media service: everything that it needs to run, scale and be watched is derived from this.",
    rules: serviceNameRules,
  },
  { ...typeMeta("GpuMediaService"), spec: Type.Optional(serviceSpec), status: Type.Optional(serviceStatus) },
);

export const gpuMediaProfile = object(
  { description: "Settings that many services share. Named like a built-in profile, it replaces that one." },
  { ...typeMeta("GpuMediaProfile"), spec: Type.Optional(profileSpec) },
);

export const gpuMediaLoadTest = object(
  { description: "One run of the guide's load scenarios against a service.", rules: loadTestNameRules },
  { ...typeMeta("GpuMediaLoadTest"), spec: loadTestSpec, status: Type.Optional(loadTestStatus) },
);
