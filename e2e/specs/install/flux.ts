/** Runs Flux's source-controller and kustomize-controller as processes beside a control plane. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { installCrds } from "../../cluster/crds.ts";
import { freePort } from "../../cluster/free-port.ts";
import { moduleDirectories } from "../../cluster/module-directories.ts";
import { tool } from "../../cluster/tools.ts";

const namespace = "flux-system";
/** Names of CRD files by the module that ships them. */
const crdFiles = {
  "github.com/fluxcd/source-controller": [
    "gitrepositories",
    "buckets",
    "externalartifacts",
    "helmcharts",
    "helmrepositories",
    "ocirepositories",
  ].map((name) => `source.toolkit.fluxcd.io_${name}.yaml`),
  "github.com/fluxcd/kustomize-controller": ["kustomize.toolkit.fluxcd.io_kustomizations.yaml"],
} as const;

/** Builds the programs. A cold build takes minutes: call this while mocha loads the specs, when no hook's timeout runs. */
export async function fluxTools(): Promise<void> {
  await tool("source-controller");
  await tool("kustomize-controller");
}

/** Installs Flux's CRDs and starts both controllers; they stop with the cluster. */
export async function startFlux(cluster: Cluster): Promise<void> {
  const directories = await moduleDirectories("flux", Object.keys(crdFiles));
  const files = Object.entries(crdFiles).flatMap(([module, names]) =>
    names.map((name) => join(directories[module] ?? "", "config/crd/bases", name)),
  );
  await installCrds(cluster.kubectlWithInput, files);
  await cluster.kubectl("create", "namespace", namespace);
  const env = { KUBECONFIG: cluster.kubeconfig, RUNTIME_NAMESPACE: namespace, HOME: cluster.directory };
  const storage = join(cluster.directory, "artifacts");
  await mkdir(storage);
  const noPorts = ["--metrics-addr=0", "--health-addr=0"];
  await cluster.processes.start("source-controller", {
    command: await tool("source-controller"),
    env,
    parameters: [...noPorts, `--storage-path=${storage}`, `--storage-addr=127.0.0.1:${await freePort()}`],
  });
  await cluster.processes.start("kustomize-controller", {
    command: await tool("kustomize-controller"),
    env,
    parameters: noPorts,
  });
}
