/** metrics-server as a process beside a control plane with a process node, whose figures it reads as those of a kubelet. */
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { nodeAddress, resourceMetricsPort } from "../cluster/process-node/network-namespace.ts";
import { until } from "../cluster/until.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { addApi, addService, type ServiceName } from "./by-service.ts";
import { writeCertificates, type Certificates } from "./certificates.ts";
import { startInPod } from "./in-pod.ts";

const metricsServer = {
  name: "metrics-server",
  module: "sigs.k8s.io/metrics-server",
  programs: { "metrics-server": "./cmd/metrics-server" },
} as const satisfies PeerModule<string>;

/** Builds the programs. */
export function metricsServerPrograms() {
  return peerPrograms(metricsServer);
}

const service: ServiceName = { namespace: "kube-system", name: "metrics-server" };
const api = { group: "metrics.k8s.io", version: "v1beta1" } as const;
const port = 10_250;

export class MetricsServer {
  readonly #cluster: Cluster;
  readonly #certificates: Certificates;
  /** That of the pods. */
  readonly #namespace: string;

  /** Installs its rights and its API, and starts it; resolves when it has figures of a pod in this namespace. */
  static async start(cluster: Cluster, namespace: string): Promise<MetricsServer> {
    await cluster.kubectl("apply", "-f", join(await sourceOf(metricsServer), "manifests/base/rbac.yaml"));
    const certificates = await writeCertificates(cluster, "metrics-server", [service]);
    const started = new MetricsServer(cluster, certificates, namespace);
    await addService(cluster, service, { port: 443, targetPort: port });
    await addApi(cluster, { ...api, service, authority: certificates.authority });
    await started.startAgain();
    return started;
  }

  private constructor(cluster: Cluster, certificates: Certificates, namespace: string) {
    this.#cluster = cluster;
    this.#certificates = certificates;
    this.#namespace = namespace;
  }

  async startAgain(): Promise<void> {
    const { "metrics-server": command } = await metricsServerPrograms();
    const { file } = this.#certificates;
    await startInPod(this.#cluster, {
      name: "metrics-server",
      namespace: service.namespace,
      serviceAccount: service.name,
      command,
      parameters: [
        `--bind-address=${nodeAddress}`,
        `--secure-port=${port}`,
        `--tls-cert-file=${file("tls.crt")}`,
        `--tls-private-key-file=${file("tls.key")}`,
        "--kubelet-preferred-address-types=InternalIP",
        // The process node serves HTTP only.
        `--kubelet-port=${resourceMetricsPort}`,
        "--deprecated-kubelet-completely-insecure",
        // The shortest that it allows.
        "--metric-resolution=10s",
        "--kubelet-request-timeout=5s",
      ],
    });
    await until(
      `metrics of pods in ${this.#namespace}`,
      async (see) => {
        const path = `/apis/${api.group}/${api.version}/namespaces/${this.#namespace}/pods`;
        const answer = (await this.#cluster.rest.request("GET", path).catch(String)) as
          | string
          | { readonly items: readonly object[] };
        return typeof see(answer) !== "string" && (answer as { items: readonly object[] }).items.length > 0;
      },
      { withinMs: 120_000 },
    );
  }

  /** Stops it, as when it is scaled to zero: its APIService stays. */
  stop(): Promise<void> {
    return this.#cluster.processes.kill("metrics-server");
  }
}
