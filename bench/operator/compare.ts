/**
 * Another operator in the same run: it runs beside a separate control plane, its objects are created at once, and its requests
 * are counted like ours.
 */
import { readFile } from "node:fs/promises";
import type { KubernetesObject } from "@gpumedia/e2e/cluster/rest.ts";
import { parse } from "yaml";
import type { Figure } from "./figure.ts";
import { creations, lastAnswer, requestsOf } from "./requests.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { forEach, serviceNames, untilQuiet } from "./services.ts";

export interface Comparison {
  /** Run by sh with KUBECONFIG set, until it is killed. */
  readonly command: string;
  /** File with its CRDs, applied before it starts. */
  readonly crds: string;
  /** A YAML file with one object, which is created many times; `NAME` is replaced by the name. */
  readonly object: string;
}

const user = "system:serviceaccount:compared:operator";
const inFlight = 16;
const startMs = 15_000;

export async function measureComparison(
  bench: BenchCluster,
  { command, crds, object }: Comparison,
  count: number,
): Promise<readonly Figure[]> {
  const { cluster, namespace } = bench;
  await cluster.kubectl("apply", "--server-side", "-f", crds);
  const subject = { kind: "ServiceAccount", name: "operator", namespace: "compared" };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
  const kubeconfig = await cluster.serviceAccountKubeconfig({
    namespace: subject.namespace,
    serviceAccount: subject.name,
    rbac: [
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "compared" },
        subjects: [subject],
        roleRef,
      } as KubernetesObject,
    ],
  });
  await cluster.processes.start("compared", {
    command: "/bin/sh",
    parameters: ["-c", command],
    env: { KUBECONFIG: kubeconfig },
  });
  await new Promise((resolve) => setTimeout(resolve, startMs));
  const template = await readFile(object, "utf8");
  const { apiVersion, kind } = parse(template) as KubernetesObject;
  const resources = JSON.parse(await cluster.kubectl("get", "--raw", `/apis/${apiVersion}`)) as {
    readonly resources: readonly { readonly name: string; readonly kind: string }[];
  };
  const plural = resources.resources.find((one) => one.kind === kind && !one.name.includes("/"))?.name;
  if (plural === undefined) throw new Error(`${apiVersion} has no ${kind}: does ${crds} define it?`);
  const begun = Date.now();
  await forEach(serviceNames(count), inFlight, (name) =>
    cluster.rest.request(
      "POST",
      `/apis/${apiVersion}/namespaces/${namespace}/${plural}`,
      parse(template.replaceAll("NAME", name)),
    ),
  );
  await untilQuiet(cluster, user);
  const requests = requestsOf(cluster, user, begun);
  const children = creations(requests);
  const seconds = (lastAnswer(children) - begun) / 1000;
  const at = `compared operator, ${count} objects`;
  return [
    { what: `${at}: all children exist`, value: seconds, unit: "s", note: `${children.length} children` },
    { what: `${at}: children`, value: children.length / seconds, unit: "/s" },
    { what: `${at}: requests per object`, value: requests.length / count, unit: "" },
  ];
}
