/** An installation by helm on a cluster of its own, with the operator as a process in the place of its pods. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { OperatorProcess } from "../operator/operator-process.ts";
import { chart } from "./helm.ts";

interface InstalledOptions {
  /** Of the Deployment. */
  readonly name?: string;
  /** More than the chart's. */
  readonly parameters?: readonly string[];
  /** The operator's entry point, where it is not this tree's. */
  readonly program?: string;
}

/** The pods of kwok run nothing: this process does what they would, with their flags and their ServiceAccount. */
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
  // No rights but those of the chart.
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

/** The chart as its next version: a new image of the operator, and CRDs with something new. */
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
  if (after === before) throw new Error(`nothing to change in ${file}`);
  await writeFile(file, after);
}

/** Of all that the operator makes, and of its pods: what each is, and how often it has been written. */
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
  // Controllers write the status: of kinds without a generation only the audit log tells who has changed what.
  const children = (await read(kinds)).map(({ kind, metadata }) => [
    `${kind} ${metadata.name}`,
    `${metadata.uid} ${kind === "HorizontalPodAutoscaler" ? "" : (metadata.generation ?? metadata.resourceVersion)}`,
  ]);
  const pods = (await read("pods")).map(({ metadata }) => [`Pod ${metadata.name}`, metadata.uid]);
  return Object.fromEntries([...children, ...pods]) as Fingerprint;
}
