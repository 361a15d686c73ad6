/** The workload of the pods: image, GPUs, resources, model and the processor's settings. */
import { Type } from "typebox";
import { environment } from "../environment.ts";
import { csiSource, imageSource } from "../pod-volumes.ts";
import { modelFields } from "../model-fields.ts";
import {
  duration,
  flag,
  labelName,
  list,
  map,
  object,
  objectName,
  oneOf,
  quantity,
  seconds,
  settings,
  text,
  wholeNumber,
} from "../scalars.ts";
import { allowedHosts, allowedNetworks } from "../upstream.ts";

export const image = Type.String({
  description:
    "Image of the processor. Defaults to the operator's --processor-image, or to --processor-image-cpu with gpu.count: 0.",
  minLength: 1,
  maxLength: 1_024,
  pattern: "^\\S+$",
});

export const imagePullPolicy = oneOf(
  ["Always", "IfNotPresent", "Never"],
  "When to pull the image. Defaults to Kubernetes' default for the tag.",
);

export const imagePullSecrets = list(
  { keys: ["name"] },
  { description: "Secrets in the service's namespace for pulling the image." },
  object({ description: "A Secret." }, { name: objectName("Name of the Secret.") }),
);

export const serviceAccountName = objectName(
  "Name of an existing ServiceAccount. Defaults to one that the operator creates, with the name of the service and without a mounted token.",
);

const named = (member: string) =>
  `!has(self.${member}) || self.${member}.all(name, name in ['cpu', 'memory', 'ephemeral-storage'] || name.startsWith('hugepages-') || name.contains('/'))`;
const noGpu = (member: string) =>
  `(!has(self.${member}) || self.${member}.all(name, !name.matches('^nvidia[.]com/(gpu([.]shared)?|mig-.*)$')))`;

const quantities = (description: string) =>
  map({ description: `${description} 0 removes the profile's value.`, maxProperties: 16 }, quantity("An amount."));

const namedResources = ["requests", "limits"].map((member) => ({
  rule: named(member),
  message:
    "a resource must be cpu, memory, ephemeral-storage, hugepages-SIZE, or have a domain, such as example.com/fpga",
  fieldPath: `.${member}`,
}));

export const loadTestResources = settings(
  {
    description:
      "Resources of the load-test client, besides its own requests of 1 CPU and 256Mi of memory and its limit of 512Mi of memory.",
    rules: namedResources,
  },
  {
    requests: map(
      { description: "Requests by resource. 0 removes the client's own.", maxProperties: 16 },
      quantity("An amount."),
    ),
    limits: map(
      { description: "Limits by resource. 0 removes the client's own.", maxProperties: 16 },
      quantity("An amount."),
    ),
  },
);

export const resources = settings(
  {
    description:
      "Resource requests and limits of each pod. gpu.count sets the GPUs; further resources of their device plugin, such as HAMi's nvidia.com/gpumem, are set here.",
    rules: [
      {
        rule: `${noGpu("requests")} && ${noGpu("limits")}`,
        message: "GPUs must not be set here: use gpu.count and gpu.resourceName",
      },
      ...namedResources,
    ],
  },
  { requests: quantities("Requests by resource, such as cpu and memory."), limits: quantities("Limits by resource.") },
);

const modelVolume = settings(
  {
    description: "Volume with the model file, mounted read-only. It replaces the profile's volume as a whole.",
    atomic: true,
    rules: [
      {
        rule: "[has(self.persistentVolumeClaim), has(self.image), has(self.csi)].filter(x, x).size() == 1",
        message: "set exactly one of persistentVolumeClaim, image and csi",
      },
    ],
  },
  {
    persistentVolumeClaim: object(
      {
        description:
          "A PersistentVolumeClaim in the service's namespace. With several replicas, many nodes must be able to read it.",
      },
      { claimName: objectName("Name of the PersistentVolumeClaim.") },
    ),
    image: object({ description: "An OCI image that contains the model. Requires Kubernetes 1.35." }, imageSource),
    csi: object({ description: "An ephemeral volume of a CSI driver." }, csiSource),
  },
);

export const model = settings(
  { description: "The model that processes images." },
  {
    name: labelName("Name of the model in the inference API. Without path, it selects the built-in model."),
    size: oneOf(["s", "m", "l"], "Size of the built-in model: larger ones are better and slower."),
    path: text(
      "Path of an ONNX file, relative to the root of volume. Defaults to the built-in model.",
      1_024,
      "^[^/\\s][^\\s]*$",
    ),
    volume: modelVolume,
    ...modelFields,
  },
);

const upstream = settings(
  { description: "How images are fetched from other hosts, for GET /v1/process?url=…" },
  {
    allowedHosts: allowedHosts("Hosts from which images may be fetched. Empty disables fetching."),
    allowedNetworks: allowedNetworks(
      "Private networks from which images may be fetched, such as that of an object store in the cluster.",
    ),
    connections: wholeNumber("Maximum number of connections.", 1, 10_000),
    connectionsPerHost: wholeNumber("Maximum number of connections to one host.", 1, 10_000),
    dnsCacheTtl: seconds("How long an address is cached."),
    keepAlive: seconds("How long an idle connection is kept open."),
  },
);

export const processing = settings(
  { description: "Settings of the processor." },
  {
    logLevel: oneOf(["trace", "debug", "info", "warn", "error"], "Minimum level of log messages."),
    accessLog: flag("Whether to log each request."),
    batch: settings(
      { description: "Batching of requests with the same shape." },
      {
        maxSize: wholeNumber("Maximum number of requests in a batch.", 1, 256),
        maxDelay: duration("Maximum time a request waits for others to join its batch."),
      },
    ),
    queue: settings(
      { description: "The queue of requests." },
      {
        maxDepth: wholeNumber(
          "Maximum number of queued requests; further ones are rejected with status 503.",
          1,
          100_000,
        ),
        maxWait: duration("Maximum expected wait; requests that would wait longer are rejected with status 503."),
      },
    ),
    limits: settings(
      { description: "Limits of requests; larger ones are rejected with status 413." },
      {
        pixels: wholeNumber(
          "Maximum size of an image, in pixels. Each needs 24 bytes of resources.limits.memory; results in formats other than JPEG need more.",
          1,
          268_435_456,
        ),
        bodyBytes: wholeNumber(
          "Maximum size of a body, in bytes. With network.ingress.maxBodySize alone it is that size; set alone it is the Ingress' limit, too.",
          1,
          1_073_741_824,
        ),
      },
    ),
    memoryCleanup: settings(
      { description: "Release of unused memory while the processor is idle." },
      { interval: seconds("Interval between cleanups. 0s disables them.") },
    ),
    upstream,
    env: environment,
  },
);
