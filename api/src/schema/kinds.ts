/** The kinds of gpumedia.io/v1alpha1. */
import { Type } from "typebox";
import { flag, labelName, map, object, objectName, settings, text } from "./scalars.ts";
import { loadTestNameRules, profileRules, scaleRules, serviceNameRules, serviceRules, tunableRules } from "./rules.ts";
import { loadTestSpec, loadTestStatus } from "./load-test.ts";
import { profileStatus, serviceStatus } from "./status.ts";
import { tunables } from "./spec/tunable.ts";

export const group = "gpumedia.io";
export const version = "v1alpha1";

export const kindNames = ["GpuMediaService", "GpuMediaProfile", "GpuMediaLoadTest"] as const;
export type Kind = (typeof kindNames)[number];

/** The members of metadata that `kubectl get -o yaml` includes. */
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

/** For files; the API server has its own schema. Rejects values that YAML does not read as text, such as `on` and `1`. */
const texts = (description: string) => map({ description, maxProperties: 1_000 }, Type.String());
const metadata = Type.Unsafe<ResourceMetadata>(
  settings(
    {
      description: "Name, namespace, labels and annotations.",
      rules: [{ rule: "has(self.name) || has(self.generateName)", message: "name is required" }],
    },
    {
      name: objectName("Name of the object."),
      namespace: labelName("Namespace of the object."),
      labels: texts("Labels."),
      annotations: texts("Annotations."),
      ...Object.fromEntries(setByServer.map((name) => [name, Type.Unknown()])),
    },
  ),
);

/** The members of an object's metadata that are used; the API server has its own schema for it. */
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

export const tunableSpec = settings({ description: "The settings that services and profiles share." }, tunables);

export const serviceSpec = settings(
  {
    description:
      "Desired state of the service. All fields are optional; {} is the performance guide's production setup.",
    rules: [...serviceRules, ...tunableRules],
  },
  {
    profile: objectName(
      "The profile that supplies the defaults: development, staging, production, or the name of a GpuMediaProfile.",
    ),
    suspend: flag("Whether the operator stops managing the service and leaves its children unchanged."),
    ...tunables,
  },
);

export const profileSpec = settings(
  {
    description: "Settings of the services that name this profile, unless they set them themselves.",
    rules: [...profileRules, ...tunableRules],
  },
  {
    description: text("Purpose of the profile.", 1_024),
    basedOn: objectName(
      "The profile that supplies the settings that this one leaves out. Defaults to the built-in profile production.",
    ),
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
    description:
      "GpuMediaService is an image-processing service on GPUs. The operator derives from it all objects that run, scale and monitor the service.",
    rules: [...serviceNameRules, ...scaleRules],
  },
  { ...typeMeta("GpuMediaService"), spec: Type.Optional(serviceSpec), status: Type.Optional(serviceStatus) },
);

export const gpuMediaProfile = object(
  {
    description:
      "GpuMediaProfile holds settings that many services share. A profile with the name of a built-in profile replaces it.",
  },
  { ...typeMeta("GpuMediaProfile"), spec: Type.Optional(profileSpec), status: Type.Optional(profileStatus) },
);

export const gpuMediaLoadTest = object(
  {
    description: "GpuMediaLoadTest is one run of a load scenario of the performance guide against a service.",
    rules: loadTestNameRules,
  },
  { ...typeMeta("GpuMediaLoadTest"), spec: loadTestSpec, status: Type.Optional(loadTestStatus) },
);
