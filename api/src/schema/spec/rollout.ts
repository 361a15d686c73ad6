/** How pods are replaced, and how they end. */
import { Type } from "typebox";
import { annotationMap, flag, givenLabels, map, oneOf, seconds, settings, wholeNumber } from "../scalars.ts";

export const rollout = settings(
  { description: "How pods are replaced when something in them changes." },
  {
    strategy: oneOf(
      ["Auto", "Surge", "InPlace", "Recreate"],
      "Surge starts new pods first, which needs free GPUs. InPlace ends one pod before it starts the next. Recreate ends all first. Auto takes Surge when there are free GPUs, else InPlace.",
    ),
  },
);

export const drain = settings(
  { description: "How a pod ends." },
  { timeout: seconds("For how long requests and streams under way may go on.") },
);

export const podDisruptionBudget = settings(
  { description: "A PodDisruptionBudget: how many pods a node drain may take at once." },
  {
    enabled: flag("Whether there is one."),
    maxUnavailable: wholeNumber("How many pods may be missing.", 1, 1_000),
  },
);

export const sysctls = map(
  {
    description:
      "Kernel parameters of the pods. Unsafe ones start only on nodes whose kubelet allows them. An empty value leaves the kernel's own.",
    maxProperties: 32,
    rules: [
      {
        rule: "self.all(name, name.matches('^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$'))",
        message: "a kernel parameter is named like net.ipv4.tcp_fin_timeout",
      },
    ],
  },
  Type.String({ description: "Its value.", maxLength: 253 }),
);

export const podMetadata = settings(
  { description: "What the pods carry beside the operator's own." },
  { labels: givenLabels("Labels of the pods."), annotations: annotationMap("Annotations of the pods.") },
);
