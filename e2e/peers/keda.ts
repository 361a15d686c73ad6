/** KEDA's operator, metrics adapter and admission webhooks, as processes beside a control plane with a process node. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/crds.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { until } from "../cluster/until.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { addApi, addService, addWebhooks, type ServiceName } from "./by-service.ts";
import { writeCertificates, type Certificates } from "./certificates.ts";
import { startInPod } from "./in-pod.ts";
import { kedaEdits } from "./keda/edits.ts";

const keda = {
  name: "keda",
  module: "github.com/kedacore/keda/v2",
  programs: { "keda-operator": "./cmd/operator", "keda-adapter": "./cmd/adapter", "keda-webhooks": "./cmd/webhooks" },
  edits: kedaEdits,
} as const satisfies PeerModule<string>;

/** Builds the programs. */
export function kedaPrograms() {
  return peerPrograms(keda);
}

const namespace = "keda";
const account = { namespace, serviceAccount: "keda-operator" };
/** The operator's user on the API server, which the adapter and the webhooks share. */
export const kedaUser = `system:serviceaccount:${namespace}:keda-operator`;
const adapterService: ServiceName = { namespace, name: "keda-metrics-apiserver" };
const webhooksService: ServiceName = { namespace, name: "keda-admission-webhooks" };
/** The operator's, which the adapter expects in its certificate. */
const operatorName = "keda-operator.keda.svc.cluster.local";
const ports = { operator: 9666, operatorHealth: 18_082, adapter: 6443, webhooks: 9443, webhooksHealth: 18_086 };

/** Its roles, as KEDA ships them. */
const rights = ["rbac/role", "rbac/role_binding", "metrics-server/role", "metrics-server/role_binding"];

export class Keda {
  readonly #cluster: Cluster;
  readonly #certificates: Certificates;

  /** Installs its CRDs and rights, and starts its programs; resolves when the metrics API and the webhooks are served. */
  static async start(cluster: Cluster): Promise<Keda> {
    const source = await sourceOf(keda);
    const config = (path: string): string => join(source, "config", path);
    await installCrds(cluster.kubectlWithInput, [config("crd/bases")]);
    const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await cluster.kubectlWithInput(own, "apply", "-f", "-");
    await cluster.kubectl("apply", ...rights.flatMap((name) => ["-f", config(`${name}.yaml`)]));
    // One for all three programs, as KEDA's own rotation makes it.
    const certificates = await writeCertificates(cluster, "keda", [adapterService, webhooksService], [operatorName]);
    const { authority } = certificates;
    const started = new Keda(cluster, certificates);
    await started.#startPrograms();
    await addService(cluster, adapterService, { port: 443, targetPort: ports.adapter });
    await addService(cluster, webhooksService, { port: 443, targetPort: ports.webhooks });
    await addApi(cluster, {
      group: "external.metrics.k8s.io",
      version: "v1beta1",
      service: adapterService,
      authority,
    });
    await addWebhooks(cluster, await readFile(config("webhooks/validation_webhooks.yaml"), "utf8"), authority);
    await started.#untilServed();
    return started;
  }

  private constructor(cluster: Cluster, certificates: Certificates) {
    this.#cluster = cluster;
    this.#certificates = certificates;
  }

  /** Starts it again after `stop`. */
  async startAll(): Promise<void> {
    await this.#startPrograms();
    await this.#untilServed();
  }

  /** Stops all of it, as when it is scaled to zero: its objects, APIService and webhooks stay. */
  async stop(): Promise<void> {
    for (const name of Object.keys(keda.programs)) await this.#cluster.processes.kill(name);
  }

  async #startPrograms(): Promise<void> {
    const { file } = this.#certificates;
    await this.#start("keda-operator", [
      `--metrics-service-bind-address=127.0.0.1:${ports.operator}`,
      "--metrics-bind-address=127.0.0.1:0",
      `--health-probe-bind-address=${nodeAddress}:${ports.operatorHealth}`,
      "--zap-log-level=info",
    ]);
    await this.#start("keda-adapter", [
      `--bind-address=${nodeAddress}`,
      `--secure-port=${ports.adapter}`,
      `--client-ca-file=${file("ca.crt")}`,
      `--tls-cert-file=${file("tls.crt")}`,
      `--tls-private-key-file=${file("tls.key")}`,
      `--metrics-service-address=127.0.0.1:${ports.operator}`,
      `--metrics-service-grpc-authority=${operatorName}`,
      "--port=0",
    ]);
    await this.#start("keda-webhooks", [
      `--port=${ports.webhooks}`,
      "--metrics-bind-address=127.0.0.1:0",
      `--health-probe-bind-address=${nodeAddress}:${ports.webhooksHealth}`,
    ]);
  }

  async #untilServed(): Promise<void> {
    const { rest, network } = this.#cluster;
    const agent = network?.agent() ?? assert.fail("KEDA needs a process node");
    try {
      await until(
        "KEDA to serve its metrics and its webhooks",
        async (see) => {
          const api = await rest.request("GET", "/apis/external.metrics.k8s.io/v1beta1").catch(String);
          const ready = await Promise.all(
            [ports.operatorHealth, ports.webhooksHealth].map(async (port) => {
              const answer = await request(`http://${nodeAddress}:${port}/readyz`, { dispatcher: agent }).catch(String);
              return typeof answer === "string" ? answer : answer.statusCode;
            }),
          );
          return typeof see([api, ...ready])[0] !== "string" && ready.every((status) => status === 200);
        },
        { withinMs: 120_000 },
      );
    } finally {
      await agent.destroy();
    }
  }

  async #start(name: keyof typeof keda.programs, parameters: readonly string[]): Promise<void> {
    const { [name]: command } = await kedaPrograms();
    await startInPod(this.#cluster, {
      ...account,
      name,
      command,
      parameters: [`--cert-dir=${this.#certificates.directory}`, ...parameters],
      env: { WATCH_NAMESPACE: "", KEDA_HTTP_DEFAULT_TIMEOUT: "3000" },
    });
  }
}
