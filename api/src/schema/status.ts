/** The status of a service. It changes only when something happens; there is no heartbeat. */
import { Type } from "typebox";
import { list, object, oneOf, settings, text, wholeNumber, map } from "./scalars.ts";

const count = (description: string) => wholeNumber(description, 0, 2_147_483_647);

export const condition = object(
  { description: "A condition, as in meta/v1." },
  {
    type: text("Type of the condition.", 316, "^[A-Za-z][A-Za-z0-9]*$"),
    status: oneOf(["True", "False", "Unknown"], "Status of the condition."),
    reason: Type.String({
      description: "Reason for the last transition, in UpperCamelCase.",
      minLength: 1,
      maxLength: 128,
      pattern: "^[A-Za-z][A-Za-z0-9]*$",
    }),
    message: text("Human-readable details.", 32_768),
    lastTransitionTime: Type.String({ description: "When the status last changed.", format: "date-time" }),
    observedGeneration: Type.Optional(count("Generation of the spec that the condition is based on.")),
  },
);

const sharedGpu = object(
  { description: "A GPU that several pods report." },
  {
    uuid: text("UUID of the GPU.", 80),
    memoryPercent: Type.Optional(wholeNumber("Memory that all of its processes use, in percent.", 0, 100)),
    services: map({ description: "Number of pods by service, as namespace/name." }, count("Number of pods.")),
  },
);

const utilization = settings(
  {
    description:
      "Utilization of the pods over the last minute, as they report it. Written when a rounded value changes.",
  },
  {
    observedTime: Type.String({
      description:
        "Time at which these figures were written: at most once a minute, and at once when the service becomes idle.",
      format: "date-time",
    }),
    pods: count("Number of pods that report."),
    gpuPercent: wholeNumber("Mean GPU utilization, in percent.", 0, 100),
    gpuMemoryPercent: wholeNumber("Mean GPU memory usage, in percent.", 0, 100),
    gpuSharing: oneOf(
      ["MIG", "MPS", "TimeSlicing", "Shared", "NotMeasured"],
      "Why gpuPercent, if present, is not the work of these pods alone: band and autoscaler use busyPercent instead. Absent: every pod has its GPUs alone.",
    ),
    busyPercent: wholeNumber(
      "Mean share of time in which the pods' workers were busy, in percent. Only with gpuSharing.",
      0,
      100,
    ),
    sharedGpus: list(
      "atomic",
      { description: "GPUs that several pods report; of more than 16, the fullest.", maxItems: 16 },
      sharedGpu,
    ),
    band: oneOf(["Below", "Within", "Above", "Unknown"], "GPU utilization compared with the band slo.gpuUtilization."),
    requestsPerSecond: count("Rate of requests per second, summed over all pods."),
    latencyP95Milliseconds: count("95th percentile of latency, in milliseconds."),
    queueDepth: count("Number of queued requests, summed over all pods."),
    activeSessions: count("Number of requests and streams in progress, summed over all pods."),
    live: settings(
      { description: "Live video. Absent while no pod reports any." },
      {
        sessions: count("Number of WebRTC sessions, summed over all pods."),
        sessionLimit: count("Maximum number of sessions, summed over all pods."),
        framesPerSecond: count("Rate of frames that go through the model, summed over all pods."),
        droppedPercent: wholeNumber("Share of frames that are dropped because a pod is too slow, in percent.", 0, 100),
        frameLatencyP95Milliseconds: count("95th percentile of the time that a frame takes in a pod, in milliseconds."),
        roundTripMilliseconds: count("Mean round trip between pods and clients, in milliseconds."),
      },
    ),
  },
);

const podDevice = object(
  { description: "A device that a claim of a pod has." },
  {
    pod: text("Name of the pod.", 253),
    node: Type.Optional(text("Name of the pod's node.", 253)),
    device: text("Name of the device in its pool.", 63),
    productName: Type.Optional(text("Product, such as NVIDIA L4.", 64)),
    profile: Type.Optional(text("Profile of a MIG device, such as 1g.10gb.", 64)),
    uuid: Type.Optional(text("UUID of the device.", 80)),
  },
);

const gpuStatus = settings(
  { description: "How the pods get their GPUs, and which ones they have." },
  {
    allocation: oneOf(
      ["ExtendedResource", "ResourceClaim"],
      "How the pods ask for GPUs. With gpu.allocation Auto, it stays what it is while that can provide GPUs.",
    ),
    message: text("Reason for the allocation.", 1_024),
    claimTemplate: text("Name of the ResourceClaimTemplate of the current pod template.", 253),
    devices: list(
      "atomic",
      {
        description:
          "The devices of the pods' ResourceClaims, by pod; the first 32. Absent for GPUs of device plugins, which no object lists.",
        maxItems: 32,
      },
      podDevice,
    ),
  },
);

const capacity = settings(
  { description: "GPUs of the nodes on which the pods may run." },
  {
    resourceName: text("GPU resource that is counted.", 317),
    gpusRequested: count("Number of GPUs that all replicas of the service request."),
    gpusAllocatable: count("Number of allocatable GPUs."),
    gpusFree: count("Number of GPUs that no pod uses."),
    source: oneOf(
      ["DevicePlugin", "DRA", "Both"],
      "What offers these GPUs: device plugins, drivers of Dynamic Resource Allocation (DRA), or each on other nodes. Absent: no node has any.",
    ),
  },
);

const checklistItem = object(
  { description: "An item of the performance guide's checklists." },
  {
    item: text("Name of the item.", 128),
    list: oneOf(["PreDeployment", "Runtime", "ContinuousImprovement"], "Checklist of the item."),
    state: oneOf(
      ["Done", "NotDone", "Unknown", "Manual"],
      "State of the item. Manual means that the operator cannot determine it.",
    ),
    reason: text("Reason for the state, in UpperCamelCase.", 128, "^[A-Za-z][A-Za-z0-9]*$"),
    message: Type.Optional(text("Human-readable details and the next step.", 1_024)),
  },
);

/** Formatted values for printer columns, each of which can only show a single field. */
const summary = settings(
  { description: "The printer columns of kubectl get." },
  {
    profile: text("Name of the profile.", 253),
    replicas: text("Ready and desired replicas, such as 2/3.", 32),
    gpuUtilization: text("GPU utilization, such as 72%.", 32),
    latencyP95: text("95th percentile of latency, such as 14ms.", 32),
    image: text("Image of the processor.", 1_024),
  },
);

/** The CRD defaults it to -1: clients that wait for a status must not take a new object for a reconciled one. */
export const observedGeneration = wholeNumber(
  "Generation of the spec that this status is based on. -1 until the operator has reconciled the object.",
  -1,
  2_147_483_647,
);

const observedConditions = (what: string) =>
  list({ keys: ["type"] }, { description: `The latest observations of the ${what}'s state.` }, condition);

export const profileStatus = settings(
  { description: "Observed state of the profile. Only an operator that watches all namespaces reports it." },
  {
    observedGeneration,
    conditions: observedConditions("profile"),
    services: count("Number of services that use the profile, also through the basedOn of another one."),
  },
);

export const serviceStatus = settings(
  { description: "Observed state of the service." },
  {
    observedGeneration,
    conditions: observedConditions("service"),
    summary,
    replicas: settings(
      { description: "Replicas of the Deployment." },
      {
        desired: count("Number of desired replicas."),
        ready: count("Number of ready replicas."),
        updated: count("Number of replicas with the current pod template."),
      },
    ),
    selector: text("Label selector of the pods, for an autoscaler that uses the scale subresource.", 512),
    endpoint: text(
      "URL of the service: that of an Ingress or Gateway while it routes to the service, otherwise that within the cluster.",
      2_048,
    ),
    utilization,
    bottleneck: oneOf(
      ["None", "Skew", "Gpu", "GpuMemory", "Cpu", "Queue", "Upstream", "Memory", "Unknown"],
      "The resource that limits the throughput; Skew: one pod is busy while another idles.",
    ),
    gpu: gpuStatus,
    capacity,
    rollout: settings(
      { description: "The latest rollout." },
      {
        strategy: oneOf(["Surge", "InPlace", "Recreate"], "Rollout strategy in use."),
        message: text("Reason for the strategy.", 1_024),
        waiting: count("Number of replicas that have no room. A rollout permits as many more unavailable pods."),
        templateHash: text("Hash of the pod template that is rolled out.", 128),
      },
    ),
    admission: list(
      { keys: ["child"] },
      {
        description:
          "Children in which admission, such as a mutating webhook or policy, changed what the operator sent. The changes are kept.",
      },
      object(
        { description: "A child that admission changed." },
        {
          child: text("Kind and name of the child.", 512),
          fields: Type.Optional(
            list(
              "atomic",
              { description: "The changed fields, and their values if they are scalars.", maxItems: 16 },
              text("A changed field.", 512),
            ),
          ),
          sent: text("Digest of the fields that the operator sent.", 128),
          stored: text("Digest of the same fields as they were stored.", 128),
        },
      ),
    ),
    omittedFields: list(
      { keys: ["child"] },
      { description: "Children without a field that the CRD of this cluster does not have, as it is too old." },
      object(
        { description: "A child with fewer fields." },
        {
          child: text("Kind and name of the child.", 512),
          fields: list(
            "atomic",
            { description: "The omitted fields, and what they require.", maxItems: 64 },
            text("An omitted field.", 512),
          ),
        },
      ),
    ),
    recommendation: settings(
      { description: "Recommendation of the VerticalPodAutoscaler." },
      { requests: map({ description: "Recommended requests by resource." }, Type.String({ maxLength: 32 })) },
    ),
    // Not `checklist`: kubectl describe sorts by name and would show its sixty lines before the conditions.
    guideChecklist: list({ keys: ["item"] }, { description: "The performance guide's checklists." }, checklistItem),
  },
);
