/**
 * Stands in for NVIDIA's DCGM exporter, on the mock of NVML: the list of metrics is a ConfigMap, read once at the start, and each GPU
 * is labelled with the pod that uses it. Runs in a pod and needs nothing but Node.
 *
 *     node main.ts NAMESPACE:CONFIGMAP MOCK_STATE POD_RESOURCES_SOCKET PORT
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { get } from "node:https";
import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import { exposition } from "./exposition.ts";
import { fields, parseState } from "./fields.ts";
import { parseList } from "./list.ts";
import { listHolders } from "./pod-resources.ts";

const [configMap = "", state = "", socket = "", port = ""] = process.argv.slice(2);
const account = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Prometheus requires it. */
const exposed = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };

const list = parseList(await readList(configMap), new Set(Object.keys(fields)));
createServer((_request, response) => {
  void listHolders(socket).then(
    (holders) =>
      response
        .writeHead(200, exposed)
        .end(exposition(list, parseState(readFileSync(state, "utf8")), holders, hostname())),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(Number(port));
process.on("SIGTERM", () => process.exit(0));

/** With the rights of the pod's service account. */
async function readList(name: string): Promise<string> {
  const [namespace, object] = name.split(":");
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: apiPort } = process.env;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get(
    {
      host,
      port: apiPort,
      path: `/api/v1/namespaces/${namespace}/configmaps/${object}`,
      ca: readFileSync(`${account}/ca.crt`),
      headers: { authorization: `Bearer ${readFileSync(`${account}/token`, "utf8")}` },
    },
    (response) =>
      void text(response).then((body) => (response.statusCode === 200 ? resolve(body) : reject(new Error(body)))),
  );
  request.on("error", reject);
  return (JSON.parse(await promise) as { readonly data: { readonly metrics: string } }).data.metrics;
}
