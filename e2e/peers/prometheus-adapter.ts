/** prometheus-adapter with the rules of docs/metrics-api.md, as a process beside a control plane with a process node. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Cluster } from "../cluster/cluster.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { prometheusAddress } from "../cluster/real-node/prometheus.ts";
import { until } from "../cluster/until.ts";
import { fencesOf, readPage } from "../docs/pages.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { addApi, addService, type ServiceName } from "./by-service.ts";
import { writeCertificates, type Certificates } from "./certificates.ts";
import { startInPod } from "./in-pod.ts";

const prometheusAdapter = {
  name: "prometheus-adapter",
  module: "sigs.k8s.io/prometheus-adapter",
  programs: { "prometheus-adapter": "./cmd/adapter" },
} as const satisfies PeerModule<string>;

/** Builds the programs. */
export function prometheusAdapterPrograms() {
  return peerPrograms(prometheusAdapter);
}

const service: ServiceName = { namespace: "monitoring", name: "prometheus-adapter" };
/** Its user on the API server. */
export const prometheusAdapterUser = `system:serviceaccount:${service.namespace}:${service.name}`;
const api = { group: "custom.metrics.k8s.io", version: "v1beta1" } as const;
const port = 6443;

/** As its chart applies them, except for the metrics of nodes and containers, which metrics-server serves. */
const rights = [
  "service-account",
  "cluster-role",
  "cluster-role-binding",
  "cluster-role-binding-delegator",
  "role-binding-auth-reader",
];

export class PrometheusAdapter {
  readonly #cluster: Cluster;
  readonly #certificates: Certificates;

  /** Installs its rights and its API, and starts it; resolves when it serves the API. */
  static async start(cluster: Cluster): Promise<PrometheusAdapter> {
    const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: service.namespace } };
    await cluster.kubectlWithInput(own, "apply", "-f", "-");
    const directory = join(await sourceOf(prometheusAdapter), "deploy/manifests");
    await cluster.kubectl("apply", ...rights.flatMap((name) => ["-f", join(directory, `${name}.yaml`)]));
    const certificates = await writeCertificates(cluster, service.name, [service]);
    const started = new PrometheusAdapter(cluster, certificates);
    await addService(cluster, service, { port: 443, targetPort: port });
    await addApi(cluster, { ...api, service, authority: certificates.authority });
    await started.startAgain();
    return started;
  }

  private constructor(cluster: Cluster, certificates: Certificates) {
    this.#cluster = cluster;
    this.#certificates = certificates;
  }

  async startAgain(): Promise<void> {
    const { "prometheus-adapter": command } = await prometheusAdapterPrograms();
    const { file } = this.#certificates;
    const config = join(this.#cluster.directory, "prometheus-adapter.yaml");
    await writeFile(config, stringify({ rules: documentedRules() }));
    await startInPod(this.#cluster, {
      name: service.name,
      namespace: service.namespace,
      serviceAccount: service.name,
      command,
      parameters: [
        `--bind-address=${nodeAddress}`,
        `--secure-port=${port}`,
        `--tls-cert-file=${file("tls.crt")}`,
        `--tls-private-key-file=${file("tls.key")}`,
        `--prometheus-url=http://${prometheusAddress}`,
        `--config=${config}`,
        "--metrics-relist-interval=5s",
      ],
    });
    const path = `/apis/${api.group}/${api.version}`;
    await until(
      "the adapter's API",
      async (see) =>
        typeof see(await this.#cluster.rest.request("GET", path).catch((error: unknown) => String(error))) !== "string",
      { withinMs: 120_000 },
    );
  }

  /** Stops it, as when it is scaled to zero: its APIService stays. */
  stop(): Promise<void> {
    return this.#cluster.processes.kill(service.name);
  }
}

/** `rules.custom` of the chart's values, which the chart writes into the adapter's configuration. */
function documentedRules(): readonly object[] {
  const shown = fencesOf(readPage("docs/metrics-api.md")).find(({ text }) => text.includes("metricsQuery"));
  const { rules } = parse(shown?.text ?? assert.fail("no rules in the page")) as {
    readonly rules: { readonly custom: readonly object[] };
  };
  return rules.custom;
}
