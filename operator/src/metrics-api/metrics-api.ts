/** Serves and registers custom.metrics.k8s.io with the pods' reports while this process is the leader. */
import type { ApiClient } from "../kube/client.ts";
import { namespacedType, type KubeObject } from "../kube/object.ts";
import { kubernetesMinor } from "../kube/version.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { every, type Clock } from "../runtime/clock.ts";
import type { ListenAddress } from "../runtime/health.ts";
import type { Logger } from "../runtime/log.ts";
import { podSharing } from "../utilization/reading.ts";
import type { UtilizationWindow } from "../utilization/window.ts";
import { AccessReviews } from "./access-review.ts";
import { frontProxyOf, type FrontProxy } from "./front-proxy.ts";
import { podMetrics, type PodMetric } from "./pod-metrics.ts";
import { register, servingName, type Place } from "./registration.ts";
import { createServingCertificate, type ServingCertificate } from "./serving-certificate.ts";
import { startMetricsServer, type MetricsServer, type PodsRequest } from "./server.ts";

export interface MetricsApiOptions {
  readonly address: ListenAddress;
  readonly place: Omit<Place, "port" | "readsEndpoints">;
  readonly client: Pick<ApiClient, "get" | "create" | "apply" | "rawJson">;
  readonly cache: Pick<ClusterCache, "pods" | "nodes">;
  readonly window: UtilizationWindow;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called first and on every change with whether this process serves the metrics. */
  readonly onServed: (served: boolean) => void;
}

/** Interval of checks of the aggregator's CA, the APIServices and the certificate's age. */
const checkEveryMs = 30_000;

/** From it on, the API server finds the pods behind a Service by its EndpointSlices. */
const endpointSlicesMinor = 34;

const configMaps = namespacedType("v1", "ConfigMap", "configmaps");

export class MetricsApi {
  readonly #options: MetricsApiOptions;
  #server: MetricsServer | undefined;
  #certificate: ServingCertificate | undefined;
  #proxy: FrontProxy | undefined;
  /** The last reported problem, so that each is logged once. */
  #reported: string | undefined;
  /** Read once: later versions of Kubernetes do not mind Endpoints. */
  #readsEndpoints: boolean | undefined;
  #checking = false;
  /** The Service is part of an installation: what is uninstalled must not come back. */
  #isInstalled = false;
  #cancel = (): void => {};
  readonly #podsOf: (namespace: string) => ReturnType<ClusterCache["podsOf"]>;

  constructor(options: MetricsApiOptions) {
    this.#options = options;
    this.#podsOf = options.cache.pods.lookup((pod) => (pod?.service === undefined ? [] : [pod.namespace]));
  }

  /** Returns at once; failures are retried every 30 s. */
  start(): void {
    this.#cancel = every(this.#options.clock, checkEveryMs, () => void this.#check());
    void this.#check();
  }

  /** Keeps the APIServices: the next leader takes them over, and no autoscaler loses its metric. */
  async stop(): Promise<void> {
    this.#cancel();
    await this.#server?.close();
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    const { log, onServed } = this.#options;
    try {
      const problem = await this.#serve();
      if (problem !== this.#reported) {
        if (problem === undefined) log.info({ port: this.#server?.port }, "serving custom.metrics.k8s.io for pods");
        else log.error(`cannot serve custom.metrics.k8s.io: ${problem}`);
        onServed(problem === undefined);
      }
      this.#reported = problem;
    } catch (error) {
      log.warn({ error }, "cannot check custom.metrics.k8s.io, retrying");
    } finally {
      this.#checking = false;
    }
  }

  /** Returns the problem that prevents serving, if any. */
  async #serve(): Promise<string | undefined> {
    const { address, place, client, clock, log } = this.#options;
    const proxy = await this.#readFrontProxy();
    if (proxy === undefined) return "the API server has no aggregation layer; set its --requestheader-client-ca-file";
    const before = this.#certificate;
    const isOld = before === undefined || before.renewAt <= clock.wall();
    const certificate = isOld ? await createServingCertificate(servingName(place), clock.wall()) : before;
    if (this.#server === undefined) {
      const reviews = new AccessReviews(client, clock);
      this.#server = await startMetricsServer({
        address,
        certificate,
        frontProxy: proxy,
        allows: (user, attributes) => reviews.allows(user, attributes),
        read: (request) => this.#read(request),
        log,
      });
    }
    // The aggregator must know both CAs before the server uses the new certificate.
    const authorities = [before?.authority, certificate.authority].filter((one) => one !== undefined);
    const registered = await register(
      client,
      { ...place, port: this.#server.port, readsEndpoints: (this.#readsEndpoints ??= await readsEndpoints(client)) },
      [...new Set(authorities)].join(""),
      this.#isInstalled,
    );
    if (registered.kind === "Registered") this.#isInstalled = registered.isInstalled;
    if (certificate !== before || JSON.stringify(proxy) !== JSON.stringify(this.#proxy)) {
      this.#server.update(certificate, proxy);
    }
    this.#certificate = certificate;
    this.#proxy = proxy;
    return registered.kind === "Refused" ? registered.message : undefined;
  }

  async #readFrontProxy(): Promise<FrontProxy | undefined> {
    const { client } = this.#options;
    const found = await client.get(configMaps, "kube-system", "extension-apiserver-authentication");
    return frontProxyOf((found as KubeObject & { data?: Readonly<Record<string, string>> }).data ?? {});
  }

  #read({ namespace, name, metric, selector }: PodsRequest): readonly PodMetric[] {
    const { window, clock, cache } = this.#options;
    const labelsOf = (node: string) => cache.nodes.get(`/${node}`)?.labels;
    const read = podMetrics.get(metric);
    const now = clock.now();
    return this.#podsOf(namespace).flatMap((pod) => {
      if (pod === undefined || (name !== undefined && pod.name !== name) || !selector(pod.labels)) return [];
      const sample = window.fresh(pod.uid, now);
      const sharing = podSharing(pod, window, labelsOf, now);
      const value = sample === undefined ? null : (read?.(sample, sharing) ?? null);
      if (sample === undefined || value === null) return [];
      const { windowSeconds, at } = sample;
      return [{ pod, value, windowSeconds, sampledAtWallMs: clock.wall() - (now - at) }];
    });
  }
}

/** kube-aggregator's controller of remote APIServices: `Available` stays False without Endpoints up to 1.33. */
async function readsEndpoints(client: Pick<ApiClient, "rawJson">): Promise<boolean> {
  const minor = await kubernetesMinor(client);
  return minor !== undefined && minor < endpointSlicesMinor;
}
