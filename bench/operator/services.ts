/** Creates, edits and watches the services of a benchmark. */
import type { Condition } from "@gpumedia/api";
import type { Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import { until } from "@gpumedia/e2e/cluster/until.ts";
import { createApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { namespacedType, type KubeObject, type ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { createTransport } from "@gpumedia/operator/src/kube/transport.ts";
import { createCache } from "@gpumedia/operator/src/runtime/cache.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";

export const serviceType = namespacedType("gpumedia.io/v1alpha1", "GpuMediaService", "gpumediaservices");
export const autoscalerType = namespacedType("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
const services = "/apis/gpumedia.io/v1alpha1/namespaces";
const creatorsInFlight = 16;

export function serviceNames(count: number, prefix = "service"): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(4, "0")}`);
}

/** Does `work` for each item, at most `inFlight` at once. */
export async function forEach<T>(
  items: readonly T[],
  inFlight: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.toReversed();
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** By default with `spec: {}`, the guide's production setup. */
export async function createServices(
  { rest }: Cluster,
  namespace: string,
  names: readonly string[],
  specOf: (index: number) => object = () => ({}),
): Promise<void> {
  await forEach([...names.entries()], creatorsInFlight, ([index, name]) =>
    rest.request("POST", `${services}/${namespace}/gpumediaservices`, {
      apiVersion: "gpumedia.io/v1alpha1",
      kind: "GpuMediaService",
      metadata: { name, namespace },
      spec: specOf(index),
    }),
  );
}

/** The garbage collector deletes the children. */
export async function deleteServices({ rest }: Cluster, namespace: string, names: readonly string[]): Promise<void> {
  await forEach(names, creatorsInFlight, (name) =>
    rest.request("DELETE", `${services}/${namespace}/gpumediaservices/${name}`),
  );
}

export async function setMaxReplicas({ rest }: Cluster, namespace: string, name: string, to: number): Promise<void> {
  const spec = { autoscaling: { horizontal: { maxReplicas: to } } };
  await rest.request("PATCH", `${services}/${namespace}/gpumediaservices/${name}`, { spec }, "merge-patch+json");
}

/** The objects of one kind, as known by a watch, each projected. */
export interface Followed<T> extends AsyncDisposable {
  count(isSo: (value: T) => boolean): number;
  /** Resolves at the first event after which the predicate holds; fails after `withinMs`. */
  when(isSo: (values: Iterable<T>) => boolean, what: string, withinMs?: number): Promise<void>;
}

export async function follow<T>(
  { kubeconfig }: Cluster,
  type: ResourceType,
  project: (object: KubeObject) => T,
): Promise<Followed<T>> {
  const transport = createTransport(await loadConnection({ kubeconfig }), { userAgent: "gpumedia-bench" });
  const controller = new AbortController();
  const log = createLogger({ level: "warn" });
  const cache = createCache(createApiClient(transport), type, { project, clock: systemClock, log });
  const running = cache.run(controller.signal);
  await cache.store.whenSynced();
  return {
    count: (isSo) => [...cache.store.values()].filter(isSo).length,
    async when(isSo, what, withinMs = 20 * 60_000) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const check = (): void => void (isSo(cache.store.values()) && resolve());
      const unsubscribe = cache.store.subscribe(check);
      const timer = setTimeout(
        () => reject(new Error(`timed out after ${withinMs / 1000} s waiting for ${what}`)),
        withinMs,
      );
      check();
      await promise.finally(() => {
        clearTimeout(timer);
        unsubscribe();
      });
    },
    async [Symbol.asyncDispose]() {
      controller.abort(new Error("measured"));
      await running;
      await transport.close();
    },
  };
}

/** Whether the service is Ready. */
export function isReady(object: KubeObject): boolean {
  return readyOf(object)?.status === "True";
}

/** The reason of the Ready condition; undefined before the first reconcile. */
export function readyReason(object: KubeObject): string | undefined {
  return readyOf(object)?.reason;
}

function readyOf(object: KubeObject): Condition | undefined {
  const { status } = object as KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } };
  return status?.conditions?.find(({ type }) => type === "Ready");
}

/** Resolves when a user has sent no request for `forMs`. */
export async function untilQuiet({ audit }: Cluster, user: string, forMs = 5_000): Promise<void> {
  await until(
    `${user} to send no requests`,
    () => {
      const last = audit
        .requests({ user })
        // Without discovery, which has no object, and without the Lease.
        .findLast(({ verb, objectRef }) => verb !== "watch" && (objectRef?.resource ?? "leases") !== "leases");
      return last === undefined || Date.now() - Date.parse(last.stageTimestamp) > forMs;
    },
    { everyMs: 1_000, withinMs: 20 * 60_000 },
  );
}
