/** All that both a service and a profile may set. */
import { wholeNumber } from "../scalars.ts";
import { autoscaling } from "./autoscaling.ts";
import { monitoring, slo } from "./monitoring.ts";
import { network } from "./network.ts";
import { regression } from "./regression.ts";
import { drain, podDisruptionBudget, podMetadata, rollout, sysctls } from "./rollout.ts";
import { scheduling } from "./scheduling.ts";
import {
  gpu,
  image,
  imagePullPolicy,
  imagePullSecrets,
  model,
  processing,
  resources,
  serviceAccountName,
} from "./workload.ts";

/** In the order in which they are shown. */
export const tunables = {
  image,
  imagePullPolicy,
  imagePullSecrets,
  serviceAccountName,
  gpu,
  replicas: wholeNumber(
    "The number of replicas. Only without horizontal autoscaling. Absent: autoscaling.horizontal.minReplicas at first, and from then on as many as there are.",
    0,
    10_000,
  ),
  resources,
  model,
  processing,
  autoscaling,
  network,
  monitoring,
  slo,
  regression,
  rollout,
  drain,
  podDisruptionBudget,
  scheduling,
  sysctls,
  podMetadata,
};
