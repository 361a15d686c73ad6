/**
 * The upper limit: the same children, created on the API server by a loop without an operator. No operator can be faster.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "@gpumedia/e2e/cluster/rest.ts";
import type { Figure } from "./figure.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { forEach, serviceNames } from "./services.ts";

const connections = 8;
const gpumedia = fileURLToPath(new URL("../../operator/bin/gpumedia.js", import.meta.url));
const template = "service-template";

/** Collection of each kind. */
const collections: Readonly<Record<string, string>> = {
  ConfigMap: "/api/v1/namespaces/NAMESPACE/configmaps",
  Deployment: "/apis/apps/v1/namespaces/NAMESPACE/deployments",
  HorizontalPodAutoscaler: "/apis/autoscaling/v2/namespaces/NAMESPACE/horizontalpodautoscalers",
  NetworkPolicy: "/apis/networking.k8s.io/v1/namespaces/NAMESPACE/networkpolicies",
  PodDisruptionBudget: "/apis/policy/v1/namespaces/NAMESPACE/poddisruptionbudgets",
  Service: "/api/v1/namespaces/NAMESPACE/services",
  ServiceAccount: "/api/v1/namespaces/NAMESPACE/serviceaccounts",
};

export async function measureDirectWrites(
  { cluster, namespace }: BenchCluster,
  services: number,
): Promise<readonly Figure[]> {
  const rendered = await renderedTemplate(namespace);
  const objects = serviceNames(services, "direct").flatMap((name) =>
    rendered.map((text) => JSON.parse(text.replaceAll(template, name)) as KubernetesObject),
  );
  const begun = performance.now();
  await forEach(objects, connections, (object) =>
    cluster.rest.request("POST", (collections[object.kind] ?? "").replace("NAMESPACE", namespace), object),
  );
  const seconds = (performance.now() - begun) / 1000;
  const what = `direct POSTs of the children of ${services} services, ${connections} at once`;
  return [{ what, value: objects.length / seconds, unit: "/s" }];
}

/** The children of one service as JSON, of the kinds that this cluster serves. */
async function renderedTemplate(namespace: string): Promise<readonly string[]> {
  const service = {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaService",
    metadata: { name: template, namespace },
    spec: {},
  };
  const child = promisify(execFile)(process.execPath, [gpumedia, "render", "-f", "-"], { maxBuffer: 2 ** 24 });
  child.child.stdin?.end(JSON.stringify(service));
  const { stdout } = await child;
  return (
    parseAllDocuments(stdout)
      .map((document) => document.toJS() as KubernetesObject)
      // Those that services share are in the operator's namespace.
      .filter(({ kind, metadata }) => kind in collections && metadata.namespace === namespace)
      .map((object) => JSON.stringify(object))
  );
}
