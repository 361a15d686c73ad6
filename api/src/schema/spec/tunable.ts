/** The settings that services and profiles share. */
import { wholeNumber } from "../scalars.ts";
import { hostAliases, initContainers } from "../added-containers.ts";
import { mounts, volumes } from "../pod-volumes.ts";
import { autoscaling } from "./autoscaling.ts";
import { gpu } from "./gpu.ts";
import { live } from "./live.ts";
import { monitoring, regression, slo } from "./monitoring.ts";
import { network } from "./network.ts";
import {
  deploymentMetadata,
  drain,
  podDisruptionBudget,
  podMetadata,
  podSecurity,
  probes,
  rollout,
  sysctls,
} from "./rollout.ts";
import { scheduling } from "./scheduling.ts";
import {
  image,
  imagePullPolicy,
  imagePullSecrets,
  model,
  processing,
  resources,
  serviceAccountName,
} from "./workload.ts";

/** In the order of the reference. */
export const tunables = {
  image,
  imagePullPolicy,
  imagePullSecrets,
  serviceAccountName,
  gpu,
  replicas: wholeNumber(
    "Number of replicas. Must not be set with horizontal autoscaling. Defaults to autoscaling.horizontal.minReplicas on creation; after that, the number of replicas is kept.",
    0,
    10_000,
  ),
  resources,
  model,
  processing,
  autoscaling,
  network,
  live,
  monitoring,
  slo,
  regression,
  rollout,
  drain,
  probes,
  podDisruptionBudget,
  scheduling,
  sysctls,
  podSecurity,
  deploymentMetadata,
  podMetadata,
  initContainers,
  volumes,
  volumeMounts: mounts(
    "Mounts of the processor's container, of the volumes in spec.volumes. A volume at /models takes the place of model.volume.",
  ),
  hostAliases,
};
