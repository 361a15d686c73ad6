/** Installations by Helm, with the operator as a process instead of its pods. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { OperatorProcess } from "../operator/operator-process.ts";
import { chart } from "./helm.ts";

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
await controlPlaneTools();

interface InstalledOptions {
  /** The Deployment's name. */
  readonly name?: string;
  /** Added to the chart's. */
  readonly parameters?: readonly string[];
  /** The operator's entry point. Default: that of this tree. */
  readonly program?: string;
}

/** Starts the operator with the flags and the ServiceAccount of its pods, which run no process on kwok's nodes. */
export async function startInstalledOperator(
  cluster: Cluster,
  namespace: string,
  { name = "gpumedia-operator", parameters = [], program }: InstalledOptions = {},
): Promise<OperatorProcess> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  const { spec } = (await cluster.rest.get(path)) as {
    spec: { template: { spec: { containers: readonly { args: readonly string[] }[]; serviceAccountName: string } } };
  };
  const { containers, serviceAccountName: serviceAccount } = spec.template.spec;
  // Only the chart grants rights.
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac: [] });
  const operator = await OperatorProcess.start(cluster, {
    operatorNamespace: namespace,
    namespaces: [],
    kubeconfig,
    ...(program === undefined ? {} : { program }),
    parameters: [...(containers[0]?.args ?? []), ...parameters],
  });
  await operator.untilLogged("leading");
  return operator;
}

/** Returns a copy of the chart as its next version: with a new image of the operator and a changed CRD. */
export async function nextChart(version: string): Promise<AsyncDisposable & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "gpumedia-chart-"));
  await cp(chart, directory, { recursive: true });
  await edit(join(directory, "Chart.yaml"), (text) =>
    text.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`),
  );
  const crd = join(directory, "files/crds/gpumediaservices.gpumedia.io.yaml");
  await edit(crd, (text) => text.replace("description: Time since creation.", "description: New in this version."));
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`the change does not apply to ${file}`);
  await writeFile(file, after);
}

/** The UID of every child and its pods, and a number that increases when the child's spec is written. */
export type Fingerprint = Readonly<Record<string, string>>;

export async function fingerprint(cluster: Cluster, namespace: string): Promise<Fingerprint> {
  const kinds = "deployments,services,configmaps,hpa,pdb,networkpolicies,serviceaccounts";
  const selector = "app.kubernetes.io/part-of=gpumedia";
  const read = async (what: string) => {
    const { items } = JSON.parse(await cluster.kubectl("get", what, "-n", namespace, "-l", selector, "-o", "json")) as {
      items: readonly (KubernetesObject & {
        metadata: { uid: string; generation?: number; resourceVersion: string };
      })[];
    };
    return items;
  };
  // Controllers write the HPA's status, which changes its resourceVersion, and it has no generation.
  const children = (await read(kinds)).map(({ kind, metadata }) => [
    `${kind} ${metadata.name}`,
    `${metadata.uid} ${kind === "HorizontalPodAutoscaler" ? "" : (metadata.generation ?? metadata.resourceVersion)}`,
  ]);
  const pods = (await read("pods")).map(({ metadata }) => [`Pod ${metadata.name}`, metadata.uid]);
  return Object.fromEntries([...children, ...pods]) as Fingerprint;
}
