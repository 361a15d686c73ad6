/** What the operator says about a service. Everything in it moves only when something happened: no heartbeat. */
import { Type } from "typebox";
import { list, object, oneOf, settings, text, wholeNumber, map } from "./scalars.ts";

const count = (description: string) => wholeNumber(description, 0, 2_147_483_647);

export const condition = object(
  { description: "A condition, as in meta/v1." },
  {
    type: text("What it says something about.", 316, "^[A-Za-z][A-Za-z0-9]*$"),
    status: oneOf(["True", "False", "Unknown"], "Whether it holds."),
    reason: Type.String({
      description: "Why, in one word.",
      minLength: 1,
      maxLength: 128,
      pattern: "^[A-Za-z][A-Za-z0-9]*$",
    }),
    message: text("Why, for people.", 32_768),
    lastTransitionTime: Type.String({ description: "Since when status is what it is.", format: "date-time" }),
    observedGeneration: Type.Optional(count("The generation of the spec that it is about.")),
  },
);

const utilization = settings(
  { description: "How the pods are used, as they report it; written when a rounded value changes." },
  {
    pods: count("How many pods report."),
    gpuPercent: wholeNumber("GPU utilization, averaged.", 0, 100),
    gpuMemoryPercent: wholeNumber("GPU memory in use, averaged.", 0, 100),
    band: oneOf(["Below", "Within", "Above", "Unknown"], "Where that is with regard to slo.gpuUtilization."),
    requestsPerSecond: count("Requests per second, of all pods."),
    latencyP95Milliseconds: count("95 of 100 requests were faster."),
    queueDepth: count("Requests that wait, of all pods."),
    activeSessions: count("Requests and streams under way, of all pods."),
  },
);

const capacity = settings(
  { description: "The GPUs of the cluster, as far as the service may use them." },
  {
    resourceName: text("The resource that is counted.", 317),
    gpusRequested: count("What the service wants, with all its replicas."),
    gpusAllocatable: count("What the nodes have that the pods may run on."),
    gpusFree: count("What of that is in nobody's use."),
  },
);

const checklistItem = object(
  { description: "An item of the guide's checklists." },
  {
    item: text("What is to be done.", 128),
    list: oneOf(["PreDeployment", "Runtime", "ContinuousImprovement"], "The checklist that it is on."),
    state: oneOf(["Done", "NotDone", "Unknown", "Manual"], "Manual: no machine can know."),
    reason: text("Why, in one word.", 128, "^[A-Za-z][A-Za-z0-9]*$"),
    message: Type.Optional(text("Why, and what to do.", 1_024)),
  },
);

/** The same values as text, because a printer column can only show one field as it is. */
const summary = settings(
  { description: "What kubectl get shows." },
  {
    profile: text("The profile in use.", 253),
    replicas: text("Ready of desired replicas: 2/3.", 32),
    gpuUtilization: text("GPU utilization: 72%.", 32),
    latencyP95: text("95th percentile of latency: 14ms.", 32),
    image: text("The processor's image.", 1_024),
  },
);

/** -1 is what the API server gives a new object: whoever waits for its status has to know that there is none yet. */
export const observedGeneration = wholeNumber(
  "The generation of the spec that this status is about. -1: the operator has not looked yet.",
  -1,
  2_147_483_647,
);

export const serviceStatus = settings(
  { description: "What the operator says about the service." },
  {
    observedGeneration,
    conditions: list({ keys: ["type"] }, { description: "What holds and what does not." }, condition),
    summary,
    replicas: settings(
      { description: "The pods." },
      {
        desired: count("How many there should be."),
        ready: count("How many serve."),
        updated: count("How many are made from the present spec."),
      },
    ),
    endpoint: text("Where the service is reached.", 2_048),
    utilization,
    bottleneck: oneOf(
      ["None", "Gpu", "GpuMemory", "Cpu", "Queue", "Upstream", "Memory", "Unknown"],
      "What limits the throughput.",
    ),
    capacity,
    rollout: settings(
      { description: "How pods are replaced now." },
      {
        strategy: oneOf(["Surge", "InPlace", "Recreate"], "What was decided."),
        message: text("Why.", 1_024),
        templateHash: text("The pod template that it was decided for.", 128),
      },
    ),
    recommendation: settings(
      { description: "The requests that the VerticalPodAutoscaler recommends." },
      { requests: map({ description: "By resource." }, Type.String({ maxLength: 32 })) },
    ),
    // Not `checklist`: kubectl describe sorts by name, and sixty lines of it would come before the conditions.
    guideChecklist: list({ keys: ["item"] }, { description: "The guide's checklists." }, checklistItem),
  },
);
