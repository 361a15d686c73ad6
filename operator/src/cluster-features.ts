/** Reads the optional features of the cluster: at the start, and when the served APIs change. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClusterFeatures } from "./desired/context.ts";
import { gpuMetricNames } from "./desired/gpu-metric.ts";
import { fieldsOf, type Schema } from "./desired/known-fields.ts";
import { childKinds } from "./observe/child-kinds.ts";
import type { ApiClient } from "./kube/client.ts";
import type { Apis } from "./kube/discovery.ts";
import { ApiError } from "./kube/errors.ts";
import type { ResourceType } from "./kube/object.ts";
import type { Logger } from "./runtime/log.ts";

const podMetric = (name: string) => ({ group: "custom.metrics.k8s.io", resource: `pods/${name}` });
const constraints = { group: "security.openshift.io", resource: "securitycontextconstraints" };
const podMetrics = { group: "metrics.k8s.io", resource: "pods" };

export async function readClusterFeatures(
  client: Pick<ApiClient, "rawJson">,
  apis: Apis,
  log: Logger,
  retryMs = 500,
): Promise<ClusterFeatures> {
  const served = Object.entries(childKinds).filter(([, { optional, type }]) => optional && apis.serves(type));
  const schemas = new Map(
    await Promise.all(
      served.map(async ([role, { type }]) => [role, await readSchema(client, type, { log, retryMs })] as const),
    ),
  );
  return {
    gpuPodMetric: apis.serves(podMetric(gpuMetricNames.Utilization)),
    busyPodMetric: apis.serves(podMetric(gpuMetricNames.Busy)),
    resourceMetrics: apis.serves(podMetrics),
    // Since VPA 1.4.
    inPlaceVpa: JSON.stringify(schemas.get("verticalPodAutoscaler") ?? "").includes("InPlaceOrRecreate"),
    securityContextConstraints: apis.serves(constraints),
    hpaTolerance: await keepsTolerance(client, log),
    fields: Object.fromEntries(
      [...schemas].flatMap(([role, schema]) => (schema === undefined ? [] : [[role, fieldsOf(schema)]])),
    ),
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
    log.warn({ error, group, version, kind }, "could not read the schema; assuming that it has all fields");
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
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
