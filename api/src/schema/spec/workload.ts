/** What runs in the pods: image, GPU, resources, model and the processor's own settings. */
import { Type } from "typebox";
import { environment } from "../environment.ts";
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
    "The processor's image. Default: the operator's --processor-image, or --processor-image-cpu with gpu.count: 0.",
  minLength: 1,
  maxLength: 1_024,
  pattern: "^\\S+$",
});

export const imagePullPolicy = oneOf(
  ["Always", "IfNotPresent", "Never"],
  "When the image is pulled. Absent: Kubernetes decides by the tag.",
);

export const imagePullSecrets = list(
  { keys: ["name"] },
  { description: "Secrets of the service's namespace to pull the image with." },
  object({ description: "A Secret." }, { name: objectName("Its name.") }),
);

export const serviceAccountName = objectName(
  "A ServiceAccount that exists already. Absent: one is made, named like the service, whose token is not mounted.",
);

export const gpu = settings(
  { description: "The GPUs of each pod." },
  {
    resourceName: Type.String({
      description: "The resource to ask for: nvidia.com/gpu, or a MIG slice such as nvidia.com/mig-1g.10gb.",
      maxLength: 317,
      pattern:
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    }),
    count: wholeNumber("GPUs of each pod. 0: the model runs on the CPU, with the guide's target of 200 ms.", 0, 16),
    cuda: settings(
      { description: "How CUDA behaves." },
      {
        launchBlocking: flag("Waits for each kernel (CUDA_LAUNCH_BLOCKING): slow, for debugging."),
        deviceOrder: oneOf(["PCI_BUS_ID", "FASTEST_FIRST"], "In which order GPUs are numbered (CUDA_DEVICE_ORDER)."),
      },
    ),
  },
);

const named = (member: string) =>
  `!has(self.${member}) || self.${member}.all(name, name in ['cpu', 'memory', 'ephemeral-storage'] || name.startsWith('hugepages-') || name.contains('/'))`;
const noGpu = (member: string) => `(!has(self.${member}) || self.${member}.all(name, !name.startsWith('nvidia.com/')))`;

const quantities = (description: string) =>
  map({ description: `${description} 0 removes what the profile has.`, maxProperties: 16 }, quantity("An amount."));

export const resources = settings(
  {
    description: "What each pod asks for and may use. GPUs are set by gpu.count.",
    rules: [
      {
        rule: `${noGpu("requests")} && ${noGpu("limits")}`,
        message: "GPUs are not set here: set gpu.count and gpu.resourceName",
      },
      ...["requests", "limits"].map((member) => ({
        rule: named(member),
        message:
          "a resource is cpu, memory, ephemeral-storage, hugepages-SIZE, or has a domain, such as example.com/fpga",
        fieldPath: `.${member}`,
      })),
    ],
  },
  { requests: quantities("Requests by resource, such as cpu and memory."), limits: quantities("Limits by resource.") },
);

const modelVolume = settings(
  {
    description: "Where the model's file is: mounted read-only. It replaces the profile's as a whole.",
    atomic: true,
    rules: [
      {
        rule: "[has(self.persistentVolumeClaim), has(self.image), has(self.csi)].filter(x, x).size() == 1",
        message: "name exactly one of persistentVolumeClaim, image and csi",
      },
    ],
  },
  {
    persistentVolumeClaim: object(
      { description: "A claim in the service's namespace. With several replicas it must be readable by many nodes." },
      { claimName: objectName("Its name.") },
    ),
    image: object(
      { description: "An OCI image that holds the model (on by default since Kubernetes 1.35)." },
      {
        reference: text("The image.", 1_024, "^\\S+$"),
        pullPolicy: Type.Optional(oneOf(["Always", "IfNotPresent", "Never"], "When it is pulled.")),
      },
    ),
    csi: object(
      { description: "An ephemeral volume of a CSI driver." },
      {
        driver: objectName("The driver."),
        fsType: Type.Optional(text("The file system.", 63)),
        volumeAttributes: Type.Optional(
          map({ description: "What the driver is told." }, Type.String({ maxLength: 1_024 })),
        ),
        nodePublishSecretRef: Type.Optional(
          object({ description: "A Secret for the driver." }, { name: objectName("Its name.") }),
        ),
      },
    ),
  },
);

export const model = settings(
  { description: "The model that pictures go through." },
  {
    name: labelName("What the model is called at the inference API; without path also which built-in model it is."),
    size: oneOf(["s", "m", "l"], "Which size of the built-in model: larger is better and slower."),
    path: text("An ONNX file on volume, from its root. Absent: a built-in model.", 1_024, "^[^/\\s][^\\s]*$"),
    volume: modelVolume,
  },
);

const upstream = settings(
  { description: "How pictures are fetched from other hosts, for GET /v1/process?url=…" },
  {
    allowedHosts: allowedHosts("From which hosts. Empty: nothing is fetched."),
    allowedNetworks: allowedNetworks(
      "Networks that hosts may be in although they are not public, such as that of an object store in the cluster.",
    ),
    connections: wholeNumber("Connections at once.", 1, 10_000),
    connectionsPerHost: wholeNumber("Connections at once to one host.", 1, 10_000),
    dnsCacheTtl: seconds("How long an address is remembered."),
    keepAlive: seconds("How long an idle connection stays open."),
  },
);

export const processing = settings(
  { description: "The processor." },
  {
    logLevel: oneOf(["trace", "debug", "info", "warn", "error"], "What is logged."),
    accessLog: flag("Whether each request is logged."),
    batch: settings(
      { description: "Requests of one shape go through the model together." },
      {
        maxSize: wholeNumber("At most so many.", 1, 256),
        maxDelay: duration("At most so long a request waits for others."),
      },
    ),
    queue: settings(
      { description: "What waits for the GPU." },
      {
        maxDepth: wholeNumber("At most so many requests; more are answered 503 at once.", 1, 100_000),
        maxWait: duration("A request that would wait longer is answered 503 at once."),
      },
    ),
    memoryCleanup: settings(
      { description: "Memory is given back while there is nothing to do." },
      { interval: seconds("How often; 0s: never.") },
    ),
    upstream,
    env: environment,
  },
);
