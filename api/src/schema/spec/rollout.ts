/** Rollouts, graceful shutdown and pod settings. */
import { Type } from "typebox";
import {
  annotationMap,
  flag,
  givenLabels,
  map,
  oneOf,
  positiveSeconds,
  seconds,
  settings,
  wholeNumber,
} from "../scalars.ts";

export const rollout = settings(
  { description: "How pods are replaced when the pod template changes." },
  {
    strategy: oneOf(
      ["Auto", "Surge", "InPlace", "Recreate"],
      "Rollout strategy. Surge starts new pods first, which requires free GPUs. InPlace terminates one pod before it starts the next. Recreate terminates all pods first. Auto uses Surge when there are free GPUs, and InPlace otherwise, also when a new pod gets no room within a minute.",
    ),
  },
);

export const drain = settings(
  { description: "Graceful shutdown of a pod." },
  { timeout: seconds("How long requests and streams in progress may take to finish.") },
);

const thresholds = {
  periodSeconds: wholeNumber("Interval between two probes, in seconds.", 1, 3_600),
  timeoutSeconds: wholeNumber("Time within which a probe must be answered, in seconds.", 1, 3_600),
  failureThreshold: wholeNumber("Number of consecutive failures after which the kubelet acts.", 1, 1_000),
};

export const probes = settings(
  { description: "How the kubelet probes the processor." },
  {
    startup: settings(
      { description: "The probe until the model is ready." },
      {
        budget: positiveSeconds(
          "How long a container may take to load its model and to warm it up. Then the kubelet restarts it.",
        ),
        periodSeconds: thresholds.periodSeconds,
        timeoutSeconds: thresholds.timeoutSeconds,
      },
    ),
    readiness: settings({ description: "The probe that removes a pod from the Service when it fails." }, thresholds),
    liveness: settings({ description: "The probe that restarts the container when it fails." }, thresholds),
  },
);

export const podDisruptionBudget = settings(
  { description: "A PodDisruptionBudget, which limits how many pods a node drain may evict at once." },
  {
    enabled: flag("Whether to create a PodDisruptionBudget."),
    maxUnavailable: wholeNumber("Maximum number of unavailable pods.", 1, 1_000),
  },
);

export const sysctls = map(
  {
    description:
      "Kernel parameters of the pods. Pods with unsafe parameters start only on nodes whose kubelet allows them. An empty value keeps the kernel's default.",
    maxProperties: 32,
    rules: [
      {
        rule: "self.all(name, name.matches('^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$'))",
        message: "the name of a kernel parameter must have the form net.ipv4.tcp_fin_timeout",
      },
    ],
  },
  Type.String({ description: "Value of the parameter.", maxLength: 253 }),
);

export const podSecurity = settings(
  { description: "Security context of the pods. They meet the restricted Pod Security Standard in any case." },
  {
    runAs: oneOf(
      ["Auto", "Image", "Platform"],
      "User and groups of the pods and of the service's load tests. Image is user 10001, that of the image. Platform sets none, so that the platform assigns them, as OpenShift's restricted-v2 does. Auto is Platform where the cluster serves SecurityContextConstraints, and Image elsewhere.",
    ),
  },
);

export const deploymentMetadata = settings(
  {
    description:
      "Additional metadata of the Deployment itself, for controllers that read it there, such as Kueue's kueue.x-k8s.io/queue-name.",
  },
  { labels: givenLabels("Labels of the Deployment."), annotations: annotationMap("Annotations of the Deployment.") },
);

export const podMetadata = settings(
  { description: "Additional metadata of the pods." },
  { labels: givenLabels("Labels of the pods."), annotations: annotationMap("Annotations of the pods.") },
);
