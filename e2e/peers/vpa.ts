/** The VerticalPodAutoscaler's recommender, updater and admission controller, as processes beside a control plane with a process node. */
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds, removeCrds } from "../cluster/crds.ts";
import { until } from "../cluster/until.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { addService, type ServiceName } from "./by-service.ts";
import { writeCertificates, type Certificates } from "./certificates.ts";
import { startInPod } from "./in-pod.ts";

const vpa = {
  name: "vpa",
  module: "k8s.io/autoscaler/vertical-pod-autoscaler",
  programs: {
    "vpa-recommender": "./pkg/recommender",
    "vpa-updater": "./pkg/updater",
    "vpa-admission-controller": "./pkg/admission-controller",
  },
} as const satisfies PeerModule<string>;

type Program = keyof typeof vpa.programs;

/** Builds the programs. */
export function vpaPrograms() {
  return peerPrograms(vpa);
}

const namespace = "kube-system";
const webhook: ServiceName = { namespace, name: "vpa-webhook" };
const webhookPort = 8000;
/** Its users on the API server. */
export const vpaUsers = Object.keys(vpa.programs).map((name) => `system:serviceaccount:${namespace}:${name}`);

export class VerticalAutoscaler {
  readonly #cluster: Cluster;
  readonly #certificates: Certificates;

  /** Installs its CRDs and rights, and starts its programs; resolves when its webhook is registered. */
  static async start(cluster: Cluster): Promise<VerticalAutoscaler> {
    await cluster.kubectl("apply", "-f", join(await sourceOf(vpa), "deploy/vpa-rbac.yaml"));
    const started = new VerticalAutoscaler(cluster, await writeCertificates(cluster, "vpa", [webhook]));
    await addService(cluster, webhook, { port: 443, targetPort: webhookPort });
    await started.install();
    await started.startAll();
    return started;
  }

  private constructor(cluster: Cluster, certificates: Certificates) {
    this.#cluster = cluster;
    this.#certificates = certificates;
  }

  /** Installs its CRDs. */
  async install(): Promise<void> {
    await installCrds(this.#cluster.kubectlWithInput, [await crds()]);
  }

  /** Starts its programs. */
  async startAll(): Promise<void> {
    const { file } = this.#certificates;
    await this.#start("vpa-recommender", ["--recommender-interval=5s", "--address=127.0.0.1:8942"]);
    await this.#start("vpa-updater", [
      "--updater-interval=5s",
      "--address=127.0.0.1:8943",
      // It leaves pods alone that are within the recommended range until they are 12 h old.
      "--in-recommendation-bounds-eviction-lifetime-threshold=30s",
    ]);
    await this.#start("vpa-admission-controller", [
      `--port=${webhookPort}`,
      "--address=127.0.0.1:8944",
      `--client-ca-file=${file("ca.crt")}`,
      `--tls-cert-file=${file("tls.crt")}`,
      `--tls-private-key=${file("tls.key")}`,
    ]);
    const path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/vpa-webhook-config";
    await until("the VPA's webhook", () => this.#cluster.rest.request("GET", path).catch(() => undefined), {
      withinMs: 120_000,
    });
  }

  /** Stops all of it, as when it is scaled to zero: its webhook stays. */
  async stop(): Promise<void> {
    for (const name of Object.keys(vpa.programs)) await this.#cluster.processes.kill(name);
  }

  /** Deletes its CRDs, with all objects. */
  async removeCrds(): Promise<void> {
    await removeCrds(this.#cluster.kubectlWithInput, [await crds()]);
  }

  async #start(name: Program, parameters: readonly string[]): Promise<void> {
    const { [name]: command } = await vpaPrograms();
    const account = { namespace, serviceAccount: name };
    await startInPod(this.#cluster, { ...account, name, command, parameters, env: { NAMESPACE: namespace } });
  }
}

async function crds(): Promise<string> {
  return join(await sourceOf(vpa), "deploy/vpa-v1-crd-gen.yaml");
}
