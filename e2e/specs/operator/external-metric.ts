/** One metric of external.metrics.k8s.io, as an adapter of metrics from elsewhere serves it. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { createAuthority } from "../../cluster/pki.ts";
import { unlessStatus, type Workspace } from "./workspace.ts";

const group = "external.metrics.k8s.io";
const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";

/** Serves the metric until the workspace is disposed of, and returns a function that sets it. It begins with 0. */
export async function serveExternalMetric(work: Workspace, metricName: string): Promise<(value: number) => void> {
  let current = 0;
  const authority = await createAuthority("metrics");
  const { certificate, key } = await authority.server({ commonName: "localhost" }, { dns: ["localhost"], ip: [] });
  const server = createServer({ cert: certificate, key }, ({ url = "" }, response) => {
    const kind = url.includes("/namespaces/") ? "ExternalMetricValueList" : "APIResourceList";
    const items = [{ metricName, metricLabels: {}, timestamp: new Date().toISOString(), value: String(current) }];
    const body = { apiVersion: `${group}/v1beta1`, kind, metadata: {}, items, groupVersion: group, resources: [] };
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  work.resources.defer(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const service = { namespace: work.namespace, name: "external-metrics" };
  await work.createObject(childKinds.service.type, service.name, {
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  const name = `v1beta1.${group}`;
  await work.client.rawJson("POST", apiServices, {
    body: {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name },
      spec: {
        group,
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { ...service, port },
      },
    },
  });
  work.resources.defer(async () => {
    await work.client.rawJson("DELETE", `${apiServices}/${name}`).catch(unlessStatus(404));
  });
  return (value) => (current = value);
}
