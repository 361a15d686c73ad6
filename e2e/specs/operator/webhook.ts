/** A mutating webhook of policy engines: a server in this process that the API server calls with each matching write. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { clusterType, type JsonPatchOperation, type KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { createAuthority } from "../../cluster/pki.ts";
import { until } from "../../cluster/until.ts";
import type { Workspace } from "./workspace.ts";

const configurations = clusterType(
  "admissionregistration.k8s.io/v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
);

export interface WebhookRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly ("CREATE" | "UPDATE")[];
}

/** A dry run that shows whether the webhook is in effect. */
export interface WebhookProbe {
  /** `/api/v1/namespaces/media/pods` */
  readonly collection: string;
  readonly object: object;
  readonly isPatched: (object: KubeObject) => boolean;
}

/**
 * Applies the patch to every object in the workspace's namespace that matches, until the workspace is closed. Resolves when the
 * webhook is in effect: the API server reads its configuration from a cache.
 */
export async function startWebhook(
  work: Workspace,
  rule: WebhookRule,
  patch: readonly JsonPatchOperation[],
  { collection, object, isPatched }: WebhookProbe,
): Promise<void> {
  const authority = await createAuthority("policies");
  const { certificate, key } = await authority.server({ commonName: "policies" }, { dns: [], ip: ["127.0.0.1"] });
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void json(request)
      .then((review) => {
        const { uid } = (review as { readonly request: { readonly uid: string } }).request;
        const changed = { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
        const answer = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ ...answer, response: { uid, allowed: true, ...changed } }));
      })
      // A request that breaks off, as its client was killed, must not end the test run.
      .catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  work.resources.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const name = `policies.${work.namespace}`;
  await work.createObject(configurations, name, {
    webhooks: [
      {
        name: "policies.example.com",
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.certificate).toString("base64"),
        },
        rules: [rule],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": work.namespace } },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
  // Before the server ends: the API server would wait for it.
  work.resources.defer(async () => {
    await work.client.rawJson("DELETE", `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${name}`);
  });
  await until("the webhook to be in effect", async (see) => {
    const { body } = await work.client.rawJson("POST", `${collection}?dryRun=All`, { body: object });
    return isPatched(see(body as KubeObject));
  });
}
