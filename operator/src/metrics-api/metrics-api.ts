/** custom.metrics.k8s.io from what the pods report: serves, registers, and keeps both right for as long as this leads. */
import type { ApiClient } from "../kube/client.ts";
import type { KubeObject, ResourceType } from "../kube/object.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { every, type Clock } from "../runtime/clock.ts";
import type { ListenAddress } from "../runtime/health.ts";
import type { Logger } from "../runtime/log.ts";
import type { UtilizationWindow } from "../utilization/window.ts";
import { AccessReviews } from "./access-review.ts";
import { frontProxyOf, type FrontProxy } from "./front-proxy.ts";
import { podMetrics, type PodMetric } from "./pod-metrics.ts";
import { register, servingName, type Place } from "./registration.ts";
import { createServingCertificate, type ServingCertificate } from "./serving-certificate.ts";
import { startMetricsServer, type MetricsServer, type PodsRequest } from "./server.ts";

export interface MetricsApiOptions {
  readonly address: ListenAddress;
  readonly place: Omit<Place, "port">;
  readonly client: Pick<ApiClient, "get" | "create" | "apply" | "rawJson">;
  readonly cache: Pick<ClusterCache, "pods">;
  readonly window: UtilizationWindow;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the metrics are served by us: at first, and whenever that changes. */
  readonly onServed: (served: boolean) => void;
}

/** How soon a change of the aggregator's authority, of the APIServices or of the certificate's age is noticed. */
const checkEveryMs = 30_000;

const configMaps: ResourceType = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
};

export class MetricsApi {
  readonly #options: MetricsApiOptions;
  #server: MetricsServer | undefined;
  #certificate: ServingCertificate | undefined;
  #proxy: FrontProxy | undefined;
  /** What was said last, so that it is said once. */
  #said: string | undefined;
  #checking = false;
  #cancel = (): void => {};
  readonly #podsOf: (namespace: string) => ReturnType<ClusterCache["podsOf"]>;

  constructor(options: MetricsApiOptions) {
    this.#options = options;
    this.#podsOf = options.cache.pods.lookup((pod) => (pod?.service === undefined ? [] : [pod.namespace]));
  }

  /** Resolves at once: what cannot be had now is tried again every half minute. */
  start(): void {
    this.#cancel = every(this.#options.clock, checkEveryMs, () => void this.#check());
    void this.#check();
  }

  /** The APIServices stay: the next process that leads takes them over, and no autoscaler loses its metric. */
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
      if (problem !== this.#said) {
        if (problem === undefined) log.info({ port: this.#server?.port }, "serves custom.metrics.k8s.io for pods");
        else log.error(`does not serve custom.metrics.k8s.io: ${problem}`);
        onServed(problem === undefined);
      }
      this.#said = problem;
    } catch (error) {
      log.warn({ error }, "could not look after custom.metrics.k8s.io, trying again");
    } finally {
      this.#checking = false;
    }
  }

  /** What keeps us from it, if anything does. */
  async #serve(): Promise<string | undefined> {
    const { address, place, client, clock, log } = this.#options;
    const proxy = await this.#readFrontProxy();
    if (proxy === undefined) return "this API server has no aggregation layer (--requestheader-client-ca-file)";
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
    // Both authorities are known to the aggregator before the server shows the new certificate.
    const authorities = [before?.authority, certificate.authority].filter((one) => one !== undefined);
    const registered = await register(
      client,
      { ...place, port: this.#server.port },
      [...new Set(authorities)].join(""),
    );
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
    const { window, clock } = this.#options;
    const read = podMetrics.get(metric);
    const now = clock.now();
    return this.#podsOf(namespace).flatMap((pod) => {
      if (pod === undefined || (name !== undefined && pod.name !== name) || !selector(pod.labels)) return [];
      const sample = window.fresh(pod.uid, now);
      const value = sample === undefined ? null : (read?.(sample) ?? null);
      if (sample === undefined || value === null) return [];
      const { windowSeconds, at } = sample;
      return [{ pod, value, windowSeconds, sampledAtWallMs: clock.wall() - (now - at) }];
    });
  }
}
