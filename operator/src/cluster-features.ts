/** Reads the optional features of the cluster: at the start, when the served APIs change, and at each resync. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClusterFeatures } from "./desired/context.ts";
import { gpuMetricNames, liveMetricNames } from "./desired/gpu-metric.ts";
import { fieldsOf, type Schema } from "./desired/known-fields.ts";
import { childKinds } from "./observe/child-kinds.ts";
import type { ApiClient } from "./kube/client.ts";
import type { Apis } from "./kube/discovery.ts";
import { ApiError } from "./kube/errors.ts";
import type { ResourceType } from "./kube/object.ts";
import { kubernetesMinor } from "./kube/version.ts";
import type { Logger } from "./runtime/log.ts";

const podMetric = (name: string) => ({ group: "custom.metrics.k8s.io", resource: `pods/${name}` });
const constraints = { group: "security.openshift.io", resource: "securitycontextconstraints" };
const podMetrics = { group: "metrics.k8s.io", resource: "pods" };

/**
 * What cannot be read stays as it was `before`: one failed request must not change every service. The fields of Kubernetes'
 * own kinds are not read: no CRD of another version can take their place.
 */
export async function readClusterFeatures(
  client: Pick<ApiClient, "rawJson">,
  apis: Apis,
  log: Logger,
  before?: ClusterFeatures,
  retryMs = 500,
): Promise<ClusterFeatures> {
  const served = Object.entries(childKinds).filter(
    ([role, { optional, type }]) => optional && apis.serves(type) && role !== "resourceClaimTemplate",
  );
  const schemas = new Map(
    await Promise.all(
      served.map(async ([role, { type }]) => [role, await readSchema(client, type, { log, retryMs })] as const),
    ),
  );
  const vpaSchema = schemas.get("verticalPodAutoscaler");
  const minor = await readMinor(client, log);
  return {
    gpuPodMetric: apis.serves(podMetric(gpuMetricNames.Utilization)),
    busyPodMetric: apis.serves(podMetric(gpuMetricNames.Busy)),
    livePodMetrics: Object.values(liveMetricNames).every((name) => apis.serves(podMetric(name))),
    resourceMetrics: apis.serves(podMetrics),
    inPlaceVpa: resizesInPlace(vpaSchema, minor, before?.inPlaceVpa),
    // OpenShift's API server is aggregated: while it is down, every service would roll out pods that are refused.
    securityContextConstraints: apis.serves(constraints) || before?.securityContextConstraints === true,
    // By the version: older API servers have the fields in their schema, and drop them while the feature gate is off.
    hpaTolerance: minor === undefined ? (before?.hpaTolerance ?? true) : minor >= toleranceMinor,
    imageVolumes: minor === undefined ? (before?.imageVolumes ?? true) : minor >= imageVolumesMinor,
    fields: Object.fromEntries(
      [...schemas].flatMap(([role, schema]) => {
        const fields =
          schema === undefined ? before?.fields[role as keyof ClusterFeatures["fields"]] : fieldsOf(schema);
        return fields === undefined ? [] : [[role, fields]];
      }),
    ),
  };
}

/** On by default since then. */
const toleranceMinor = 35;
const imageVolumesMinor = 35;
const resizeMinor = 33;

/**
 * The mode came with VPA 1.4. Before Kubernetes 1.33 no pod can be resized: the VPA's updater would fail for each pod before it evicts it.
 *
 * @see https://github.com/kubernetes/autoscaler/blob/vertical-pod-autoscaler-1.8.1/vertical-pod-autoscaler/docs/features.md#requirements
 */
function resizesInPlace(schema: Schema | undefined, minor: number | undefined, before: boolean | undefined): boolean {
  if (schema === undefined) return before ?? false;
  if (!JSON.stringify(schema).includes("InPlaceOrRecreate")) return false;
  return minor === undefined ? (before ?? true) : minor >= resizeMinor;
}

/** Undefined when it cannot be read. */
async function readMinor(client: Pick<ApiClient, "rawJson">, log: Logger): Promise<number | undefined> {
  try {
    return await kubernetesMinor(client);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn({ error }, "could not read the version of Kubernetes; assuming the last known one, or a current one");
    return undefined;
  }
}

/** For what came within an API version. Undefined when the schema cannot be read. */
async function readSchema(
  client: Pick<ApiClient, "rawJson">,
  type: ResourceType,
  { log, retryMs }: { readonly log: Logger; readonly retryMs: number },
): Promise<Schema | undefined> {
  const { group, version, kind } = type;
  try {
    // The API server publishes the schema of a new CRD a moment after its discovery document.
    for (let triesLeft = 10; ; triesLeft--) {
      const schema = await publishedSchema(client, type);
      if (schema !== undefined || triesLeft === 0) return schema;
      await pause(retryMs);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warn({ error, group, version, kind }, "could not read the schema; assuming the last known fields, or all");
    return undefined;
  }
}

async function publishedSchema(
  client: Pick<ApiClient, "rawJson">,
  { group, version, kind }: ResourceType,
): Promise<Schema | undefined> {
  try {
    const { body } = await client.rawJson("GET", `/openapi/v3/apis/${group}/${version}`);
    const { components } = body as { readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> } };
    return Object.values(components?.schemas ?? {}).find((schema) =>
      schema["x-kubernetes-group-version-kind"]?.some((one) => one.kind === kind),
    );
  } catch (error) {
    // Empty while the group appears or vanishes: kube-openapi answers so when it fails to build the document (pkg/handler3).
    const isAbsent = error instanceof ApiError && (error.status === 404 || error.reason === "NotJson");
    if (isAbsent) return undefined;
    throw error;
  }
}
