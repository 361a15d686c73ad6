/** Reads the optional features of the cluster: at the start, and when the served APIs change. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClusterFeatures } from "./desired/context.ts";
import { gpuMetricNames } from "./desired/gpu-metric.ts";
import type { ApiClient } from "./kube/client.ts";
import type { Apis } from "./kube/discovery.ts";
import { ApiError } from "./kube/errors.ts";
import type { ResourceType } from "./kube/object.ts";
import type { Logger } from "./runtime/log.ts";

const podMetric = (name: string) => ({ group: "custom.metrics.k8s.io", resource: `pods/${name}` });
const podMetrics = { group: "metrics.k8s.io", resource: "pods" };
const scaledObjects = { group: "keda.sh", version: "v1alpha1", resource: "scaledobjects" };
const verticalPodAutoscalers = { group: "autoscaling.k8s.io", version: "v1", resource: "verticalpodautoscalers" };

export async function readClusterFeatures(
  client: Pick<ApiClient, "rawJson">,
  apis: Apis,
  log: Logger,
  retryMs = 500,
): Promise<ClusterFeatures> {
  const options = { log, retryMs };
  return {
    gpuPodMetric: apis.serves(podMetric(gpuMetricNames.Utilization)),
    busyPodMetric: apis.serves(podMetric(gpuMetricNames.Busy)),
    resourceMetrics: apis.serves(podMetrics),
    // Since VPA 1.4.
    inPlaceVpa:
      apis.serves(verticalPodAutoscalers) &&
      (await schemaContains(client, verticalPodAutoscalers, "InPlaceOrRecreate", options)),
    hpaTolerance: await keepsTolerance(client, log),
    // KEDA passes the behavior on to its HPA.
    kedaTolerance: apis.serves(scaledObjects) && (await schemaContains(client, scaledObjects, '"tolerance":', options)),
  };
}

/** By the version: older API servers have the field in their schema, and drop it while its feature gate is off. */
async function keepsTolerance(client: Pick<ApiClient, "rawJson">, log: Logger): Promise<boolean> {
  try {
    const { body } = await client.rawJson("GET", "/version");
    const { major = "", minor = "" } = body as { readonly major?: string; readonly minor?: string };
    return Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= 35;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn({ error }, "could not read the version of Kubernetes; assuming that autoscalers keep their tolerance");
    return true;
  }
}

/** For what came within an API version. The API server removes fields that the CRD does not have. */
async function schemaContains(
  client: Pick<ApiClient, "rawJson">,
  { group, version }: Pick<ResourceType, "group" | "version">,
  text: string,
  { log, retryMs, triesLeft = 10 }: { readonly log: Logger; readonly retryMs: number; readonly triesLeft?: number },
): Promise<boolean> {
  try {
    const { body } = await client.rawJson("GET", `/openapi/v3/apis/${group}/${version}`);
    return JSON.stringify(body).includes(text);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The API server publishes the schema of a new CRD a moment after its discovery document.
    if (error.status === 404 && triesLeft > 0) {
      await pause(retryMs);
      return schemaContains(client, { group, version }, text, { log, retryMs, triesLeft: triesLeft - 1 });
    }
    log.warn({ error, group, version }, `could not read the schema; assuming that it does not contain ${text}`);
    return false;
  }
}
