/** What all neighbours need: a service account as in a pod, and ways by which the API server reaches a process beside it. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { createAuthority } from "../cluster/pki.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { shared } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { addApi, addService, addWebhooks, namesOf } from "./by-service.ts";
import { startInPod } from "./in-pod.ts";
import { skipUnlessPossible } from "./possible.ts";

const sharedPartsCluster = shared(async () => {
  const cluster = await startCluster({ privateNetwork: true });
  await cluster.addProcessNode();
  return cluster;
});

const service = { namespace: "neighbour", name: "server" };
const targetPort = 8443;
/** Serves a group without resources, and refuses whatever it is asked to admit. */
const server = `
  const { readFileSync } = require("node:fs");
  const answer = (url, body) => url.startsWith("/admit")
    ? { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1",
        response: { uid: JSON.parse(body).request.uid, allowed: false, status: { message: "refused here" } } }
    : { kind: "APIResourceList", apiVersion: "v1", groupVersion: "example.com/v1", resources: [] };
  require("node:https").createServer({ cert: readFileSync("server.crt"), key: readFileSync("server.key") }, (request, response) => {
    let body = "";
    request.on("data", (text) => (body += text));
    request.on("end", () => response.setHeader("content-type", "application/json").end(JSON.stringify(answer(request.url, body))));
  }).listen(${targetPort}, "${nodeAddress}");
`;
const webhooks = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: neighbour }
webhooks:
  - name: refuse.example.com
    clientConfig: { service: { namespace: neighbour, name: server, path: /admit } }
    rules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps] }]
    namespaceSelector: { matchLabels: { refused: "true" } }
    admissionReviewVersions: [v1]
    sideEffects: None
`;

describe("a neighbour's process", function () {
  this.timeout(300_000);
  skipUnlessPossible();
  let cluster: Cluster;
  let authority: string;

  before(async () => {
    cluster = await sharedPartsCluster();
    const issuer = await createAuthority("neighbour");
    authority = issuer.certificate;
    const { certificate, key } = await issuer.server(
      { commonName: "server" },
      { dns: namesOf(service), ip: [nodeAddress] },
    );
    await writeFile(join(cluster.directory, "server.crt"), certificate);
    await writeFile(join(cluster.directory, "server.key"), key, { mode: 0o600 });
    const account = { namespace: service.namespace, serviceAccount: "neighbour" };
    await startInPod(cluster, { ...account, name: "server", command: process.execPath, parameters: ["-e", server] });
    await addService(cluster, service, { port: 443, targetPort });
  });

  it("finds its service account where a pod has it", async () => {
    const account = { namespace: service.namespace, serviceAccount: "asking" };
    const command = cluster.kubectlPath;
    // An exit that was not expected would be reported.
    const ask = `"$0" auth whoami -o json; sleep infinity`;
    await startInPod(cluster, { ...account, name: "asking", command: "sh", parameters: ["-c", ask, command] });
    const answer = await until("the answer", async (see) => {
      const text = see(await readFile(cluster.processes.logFile("asking"), "utf8"));
      return text.trimEnd().endsWith("}") && text;
    });
    const { status } = JSON.parse(answer) as { readonly status: { readonly userInfo: { readonly username: string } } };
    assert.equal(status.userInfo.username, "system:serviceaccount:neighbour:asking");
  });

  it("serves an aggregated API", async () => {
    await addApi(cluster, { group: "example.com", version: "v1", service, authority });
    const resources = await until("the API", (see) =>
      cluster.rest.request("GET", "/apis/example.com/v1").catch((error: unknown) => void see(String(error))),
    );
    assert.deepEqual(resources, {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: "example.com/v1",
      resources: [],
    });
  });

  it("serves webhooks", async () => {
    await addWebhooks(cluster, webhooks, authority);
    const namespace = await cluster.newNamespace();
    await cluster.kubectl("label", "namespace", namespace, "refused=true");
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any" } };
    await until("the webhook to refuse", async (see) => {
      const refusal = await cluster.rest.refusal(`/api/v1/namespaces/${namespace}/configmaps`, object);
      return see(refusal).endsWith("denied the request: refused here");
    });
  });
});
