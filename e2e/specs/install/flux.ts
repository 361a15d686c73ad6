/** Runs Flux's source-controller and kustomize-controller as processes beside a control plane. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { installCrds } from "../../cluster/crds.ts";
import { freePort } from "../../../workload/src/testing/free-port.ts";
import { moduleDirectories } from "../../cluster/module-directories.ts";
import { tools } from "../../cluster/tools.ts";

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

export const fluxControllers = ["source-controller", "kustomize-controller"] as const;

/** Builds the programs. A cold build takes minutes: call this while mocha loads the specs, when no hook's timeout runs. */
export async function fluxTools(): Promise<void> {
  await tools(fluxControllers);
}

/** Installs Flux's CRDs and starts its controllers. */
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
  const parametersOf = {
    "source-controller": [`--storage-path=${storage}`, `--storage-addr=127.0.0.1:${await freePort()}`],
    "kustomize-controller": [],
  };
  for (const [name, command] of Object.entries(await tools(fluxControllers))) {
    const parameters = ["--metrics-addr=0", "--health-addr=0", ...parametersOf[name as keyof typeof parametersOf]];
    await cluster.processes.start(name, { command, env, parameters });
  }
}
