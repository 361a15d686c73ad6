/**
 * Traefik, a process beside a control plane with a process node: it serves Ingresses of ingress-nginx's class in place of ingress-nginx, and
 * HTTPRoutes of its Gateways.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/crds.ts";
import { moduleDirectories } from "../cluster/module-directories.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { untilHealthy } from "./in-pod.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";
import { traefikEdits } from "./traefik/edits.ts";

const traefik = {
  name: "traefik",
  module: "github.com/traefik/traefik/v3",
  programs: { traefik: "./cmd/traefik" },
  edits: traefikEdits,
} as const satisfies PeerModule<string>;

/** Builds the program. */
export function traefikPrograms() {
  return peerPrograms(traefik);
}

const gatewayApi = "sigs.k8s.io/gateway-api";
const account = { namespace: "default", serviceAccount: "traefik-controller" };
/** Its user on the API server. */
export const traefikUser = `system:serviceaccount:${account.namespace}:${account.serviceAccount}`;
/** Where clients reach it, at the node's address. */
export const traefikPort = 18_080;
/** What it publishes as the address of its Ingresses and Gateways. */
export const publishedAddress = "192.0.2.10";
const apiAddress = `${nodeAddress}:18090`;
/** The names of the roles' service accounts in its documentation. */
const documented = /name: traefik-(?:ingress-nginx-)?controller\n {4}namespace: default/g;

/** The CRDs of the Gateway API, all of the standard channel: it watches routes that we do not render, too. */
export async function installGatewayApi(cluster: Cluster): Promise<void> {
  const { [gatewayApi]: directory = "" } = await moduleDirectories("crds", [gatewayApi]);
  const folder = join(directory, "config/crd/standard");
  // Beside them lies an admission policy.
  const crds = (await readdir(folder)).filter((file) => !file.includes("_vap_"));
  await installCrds(
    cluster.kubectlWithInput,
    crds.map((file) => join(folder, file)),
  );
}

/** Starts it with the roles of its documentation; resolves when it responds. */
export async function startTraefik(cluster: Cluster): Promise<void> {
  const folder = join(await sourceOf(traefik), "docs/content/reference/dynamic-configuration");
  for (const role of ["gateway", "ingress-nginx"]) {
    const text = await readFile(join(folder, `kubernetes-${role}-rbac.yml`), "utf8");
    const own = `name: ${account.serviceAccount}\n    namespace: ${account.namespace}`;
    await cluster.kubectlWithInput(text.replaceAll(documented, own), "apply", "-f", "-");
  }
  const { traefik: command } = await traefikPrograms();
  await cluster.processes.start("traefik", {
    command,
    parameters: [
      `--entrypoints.web.address=${nodeAddress}:${traefikPort}`,
      `--entrypoints.traefik.address=${apiAddress}`,
      "--api.insecure=true",
      "--ping=true",
      "--providers.kubernetesingressnginx=true",
      `--providers.kubernetesingressnginx.publishstatusaddress=${publishedAddress}`,
      "--providers.kubernetesgateway=true",
      `--providers.kubernetesgateway.statusaddress.ip=${publishedAddress}`,
      "--global.checknewversion=false",
      "--global.sendanonymoususage=false",
    ],
    env: { KUBECONFIG: await cluster.serviceAccountKubeconfig({ ...account, rbac: [] }) },
  });
  await untilTraefikResponds(cluster);
}

export async function untilTraefikResponds(cluster: Cluster): Promise<void> {
  await untilHealthy(cluster, "Traefik", `http://${apiAddress}/ping`);
}
