/** The GPUs of each pod: how many, and how the cluster hands them out. */
import { Type } from "typebox";
import {
  flag,
  labelName,
  labelValue,
  list,
  object,
  objectName,
  oneOf,
  qualified,
  quantity,
  settings,
  wholeNumber,
} from "../scalars.ts";

const mostGpus = 16;

/** The limit of resource.k8s.io for one expression. */
const longestExpression = 10_240;

/** resource.k8s.io allows 32 of a request: an alternative's own, the claim's, and those that the operator adds. */
const selectors = (description: string) =>
  list(
    "atomic",
    { description, maxItems: 12 },
    Type.String({
      description:
        "A CEL expression over a device, such as device.attributes['gpu.nvidia.com'].productName == 'NVIDIA L4'.",
      minLength: 1,
      maxLength: longestExpression,
    }),
  );

/** resource.k8s.io allows 16 of a request. */
const tolerations = (description: string) =>
  list(
    "atomic",
    { description, maxItems: 8 },
    settings(
      {
        description: "A toleration of a device's taint, as in resource.k8s.io/v1.",
        rules: [
          {
            rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            message: "a toleration without a key requires operator: Exists",
          },
          {
            rule: "!(has(self.operator) && self.operator == 'Exists' && has(self.value) && self.value != '')",
            message: "value must be empty with operator: Exists",
          },
        ],
      },
      {
        key: qualified("Key of the taint. Without a key, and with operator Exists, all taints are tolerated."),
        operator: oneOf(
          ["Exists", "Equal"],
          "How the value is compared. Exists tolerates all values. Defaults to Equal.",
        ),
        value: labelValue("Value of the taint."),
        effect: oneOf(["NoSchedule", "NoExecute"], "Effect of the taint. Defaults to all effects."),
      },
    ),
  );

const deviceClass = (description: string) => objectName(description);

const claim = settings(
  {
    description:
      "The devices of a ResourceClaim, if the GPUs are allocated by one. gpu.count is their number; the other fields of the claim are those of resource.k8s.io/v1.",
  },
  {
    deviceClassName: deviceClass(
      "DeviceClass of the GPUs. Defaults to NVIDIA's class for gpu.resourceName: gpu.nvidia.com, or mig.nvidia.com for a MIG device, whose profile is then selected.",
    ),
    selectors: selectors("Conditions that every device must meet."),
    tolerations: tolerations(
      "Tolerations of the taints of devices. Those of nodes are in scheduling.tolerations. Requires Kubernetes 1.36.",
    ),
    firstAvailable: list(
      { keys: ["name"] },
      {
        description:
          "Alternatives in the order of preference: each pod gets the first one that a node can provide. The selectors and tolerations above apply to all of them.",
        maxItems: 8,
      },
      object(
        { description: "Devices that serve as well." },
        {
          name: labelName("Name of the alternative, such as large."),
          deviceClassName: Type.Optional(deviceClass("DeviceClass of the devices. Defaults to claim.deviceClassName.")),
          count: Type.Optional(wholeNumber("Number of devices. Defaults to gpu.count.", 1, mostGpus)),
          selectors: Type.Optional(selectors("Further conditions that the devices must meet.")),
          tolerations: Type.Optional(tolerations("Further tolerations of the taints of devices.")),
        },
      ),
    ),
  },
);

const mostEngines = 16;

const engines = settings(
  {
    description:
      "Engines that each device must have at least, as NVIDIA's DRA driver publishes them: for MIG devices, and for whole GPUs only where it divides them into MIG devices on demand. They need a ResourceClaim.",
  },
  {
    jpeg: wholeNumber("Number of JPEG decoders (NVJPG).", 0, mostEngines),
    decoders: wholeNumber("Number of video decoders (NVDEC).", 0, mostEngines),
    encoders: wholeNumber("Number of video encoders (NVENC).", 0, mostEngines),
  },
);

const share = settings(
  {
    description:
      "Sharing of each GPU with other pods. With an extended resource, pods request the device plugin's shared resource (renameByDefault), such as nvidia.com/gpu.shared.",
    rules: [
      {
        rule: "!has(self.timeSlice) || !has(self.strategy) || self.strategy == 'TimeSlicing'",
        message: "timeSlice requires strategy: TimeSlicing",
        fieldPath: ".timeSlice",
      },
      {
        rule: "!has(self.threadPercentage) || !has(self.strategy) || self.strategy == 'MPS'",
        message: "threadPercentage requires strategy: MPS",
        fieldPath: ".threadPercentage",
      },
    ],
  },
  {
    strategy: oneOf(
      ["None", "TimeSlicing", "MPS", "Capacity"],
      "TimeSlicing: pods take turns. MPS: they run at the same time, each within its memory. Capacity: as the driver shares devices, by the memory that pods claim; needs a ResourceClaim.",
    ),
    memoryPerPod: quantity(
      "Memory of each GPU that a pod may use. A claim reserves it, MPS enforces it; time-slicing enforces none. Defaults to what the driver or the device plugin gives.",
    ),
    timeSlice: oneOf(
      ["Default", "Short", "Medium", "Long"],
      "How long a pod's turn is. Only of a claim: a device plugin has its own setting. Defaults to the driver's.",
    ),
    threadPercentage: wholeNumber(
      "Share of the GPU's threads that a pod may use, in percent. Defaults to all.",
      1,
      100,
    ),
  },
);

const withEngines =
  "self.?engines.?jpeg.orValue(0) + self.?engines.?decoders.orValue(0) + self.?engines.?encoders.orValue(0) > 0";

export const gpu = settings(
  {
    description: "The GPUs of each pod.",
    rules: [
      {
        rule: `!(${withEngines}) || !has(self.allocation) || self.allocation != 'ExtendedResource'`,
        message:
          "gpu.engines needs gpu.allocation ResourceClaim or Auto, as an extended resource has no engines: change gpu.allocation, or remove gpu.engines",
        fieldPath: ".engines",
      },
      {
        rule: `!(${withEngines}) || !has(self.count) || self.count > 0`,
        message: "a service without GPUs (gpu.count: 0) uses no engines: remove gpu.engines",
        fieldPath: ".engines",
      },
      {
        rule: "!has(self.claim) || !has(self.allocation) || self.allocation != 'ExtendedResource'",
        message: "gpu.claim needs gpu.allocation ResourceClaim or Auto: change gpu.allocation, or remove gpu.claim",
        fieldPath: ".claim",
      },
      {
        rule: "!has(self.claim) || !has(self.count) || self.count > 0",
        message: "a service without GPUs (gpu.count: 0) claims none: remove gpu.claim",
        fieldPath: ".claim",
      },
    ],
  },
  {
    resourceName: Type.String({
      description:
        "GPU resource to request: nvidia.com/gpu, or a MIG slice such as nvidia.com/mig-1g.10gb. With a ResourceClaim, it only selects the DeviceClass.",
      maxLength: 317,
      pattern:
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    }),
    count: wholeNumber(
      "Number of GPUs of each pod. With 0, the model runs on the CPU, and the latency target is 200 ms.",
      0,
      mostGpus,
    ),
    allocation: oneOf(
      ["Auto", "ExtendedResource", "ResourceClaim"],
      "How pods ask for GPUs: as the extended resource resourceName, or by a ResourceClaim of Dynamic Resource Allocation. Auto uses what the cluster offers, and a claim where engines need one; status.gpu has the decision. A change replaces the pods.",
    ),
    claim,
    engines,
    share,
    cuda: settings(
      { description: "CUDA settings." },
      {
        launchBlocking: flag(
          "Whether to wait for each kernel (CUDA_LAUNCH_BLOCKING), which is slow and for debugging only.",
        ),
        deviceOrder: oneOf(["PCI_BUS_ID", "FASTEST_FIRST"], "Order in which GPUs are numbered (CUDA_DEVICE_ORDER)."),
      },
    ),
  },
);
