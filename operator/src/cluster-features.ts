/** Reads the optional features of the cluster: at the start, and when the served APIs change. */
import type { ClusterFeatures } from "./desired/context.ts";
import { gpuPodMetricName } from "./desired/horizontal-pod-autoscaler.ts";
import type { ApiClient } from "./kube/client.ts";
import type { Apis } from "./kube/discovery.ts";
import { ApiError } from "./kube/errors.ts";
import type { Logger } from "./runtime/log.ts";

const gpuPodMetric = { group: "custom.metrics.k8s.io", resource: `pods/${gpuPodMetricName}` };
const podMetrics = { group: "metrics.k8s.io", resource: "pods" };
const verticalPodAutoscalers = { group: "autoscaling.k8s.io", version: "v1", resource: "verticalpodautoscalers" };

export async function readClusterFeatures(
  client: Pick<ApiClient, "rawJson">,
  apis: Apis,
  log: Logger,
): Promise<ClusterFeatures> {
  return {
    gpuPodMetric: apis.serves(gpuPodMetric),
    resourceMetrics: apis.serves(podMetrics),
    inPlaceVpa: apis.serves(verticalPodAutoscalers) && (await knowsInPlace(client, log)),
  };
}

/** Read from the schema: the mode came with VPA 1.4, in the same API version. */
async function knowsInPlace(client: Pick<ApiClient, "rawJson">, log: Logger): Promise<boolean> {
  try {
    const { body } = await client.rawJson("GET", "/openapi/v3/apis/autoscaling.k8s.io/v1");
    return JSON.stringify(body).includes("InPlaceOrRecreate");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn({ error }, "could not read the VerticalPodAutoscaler's schema; pods are recreated rather than resized");
    return false;
  }
}
