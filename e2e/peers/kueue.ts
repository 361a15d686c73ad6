/** Kueue's controller and its webhooks, a process beside a control plane with a process node. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/crds.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import type { KubernetesObject } from "../cluster/rest.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { addService, addWebhooks, type ServiceName } from "./by-service.ts";
import { writeCertificates } from "./certificates.ts";
import { startInPod, untilHealthy } from "./in-pod.ts";

/** Of the certificate of its metrics, which it reads although it serves none here. */
const metricsFolder = "KUEUE_METRICS_CERTIFICATES";

const kueue = {
  name: "kueue",
  module: "sigs.k8s.io/kueue",
  programs: { kueue: "./cmd/kueue" },
  edits: [
    {
      reason: "a process has no folder of its own in /etc",
      file: "cmd/kueue/main.go",
      from: '"/etc/kueue/metrics/certs"',
      until: "\n",
      by: `os.Getenv("${metricsFolder}")`,
    },
  ],
} as const satisfies PeerModule<string>;

/** Builds the program. */
export function kueuePrograms() {
  return peerPrograms(kueue);
}

const namespace = "kueue-system";
const account = { namespace, serviceAccount: "kueue-controller-manager" };
/** Its user on the API server. */
export const kueueUser = `system:serviceaccount:${namespace}:${account.serviceAccount}`;
const webhookService: ServiceName = { namespace, name: "kueue-webhook-service" };
const ports = { webhook: 9444, health: 18_181 };

/** Installs its CRDs, rights and webhooks, and starts it; resolves when it is ready. */
export async function startKueue(cluster: Cluster): Promise<void> {
  const source = await sourceOf(kueue);
  await installCrds(cluster.kubectlWithInput, [join(source, "config/components/crd/bases")]);
  const directory = join(cluster.directory, "kueue");
  await mkdir(directory);
  const certificates = await writeCertificates(cluster, "kueue", [webhookService]);
  await addService(cluster, webhookService, { port: 443, targetPort: ports.webhook });
  const shipped = await render(
    cluster,
    directory,
    ["rbac", "webhook"].map((part) => join(source, "config/components", part)),
  );
  const isWebhook = ({ kind }: KubernetesObject): boolean => kind.endsWith("WebhookConfiguration");
  const rights = shipped.filter((object) => !isWebhook(object) && object.kind !== "Service");
  await cluster.kubectlWithInput(rights, "apply", "--server-side", "-f", "-");
  await writeFile(join(directory, "config.yaml"), stringify(configuration(certificates.directory)));
  const { kueue: command } = await kueuePrograms();
  await startInPod(cluster, {
    ...account,
    name: "kueue",
    command,
    parameters: [`--config=${directory}/config.yaml`, "--feature-gates=VisibilityOnDemand=false"],
    env: { [metricsFolder]: certificates.directory },
  });
  await untilKueueIsReady(cluster);
  // Last: its webhooks refuse all pods while it does not respond.
  await addWebhooks(
    cluster,
    shipped
      .filter(isWebhook)
      .map((object) => stringify(object))
      .join("---\n"),
    certificates.authority,
  );
}

export async function untilKueueIsReady(cluster: Cluster): Promise<void> {
  await untilHealthy(cluster, "Kueue", `http://${nodeAddress}:${ports.health}/readyz`);
}

/** With the frameworks of a service's pods: each pod of a Deployment is a Workload. */
function configuration(certificates: string): object {
  return {
    apiVersion: "config.kueue.x-k8s.io/v1beta2",
    kind: "Configuration",
    health: { healthProbeBindAddress: `${nodeAddress}:${ports.health}` },
    metrics: { bindAddress: "0" },
    webhook: { port: ports.webhook, host: nodeAddress, certDir: certificates },
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    integrations: { frameworks: ["pod", "deployment"] },
  };
}

/** Its manifests with the names and the namespace of an installation. */
async function render(
  cluster: Cluster,
  directory: string,
  parts: readonly string[],
): Promise<readonly KubernetesObject[]> {
  const resources = parts.map((part) => relative(directory, part));
  await writeFile(join(directory, "kustomization.yaml"), stringify({ namespace, namePrefix: "kueue-", resources }));
  const rendered = await cluster.kubectl("kustomize", directory);
  return parseAllDocuments(rendered).map((document) => document.toJS() as KubernetesObject);
}
