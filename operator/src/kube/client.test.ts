import assert from "node:assert/strict";
import { createApiClient, type ApiClient, type RequestObservation } from "./client.ts";
import { ApiError } from "./errors.ts";
import { initialEventsEnd } from "./object.sample.ts";
import { clusterType, namespacedType, type KubeObject, type Manifest } from "./object.ts";
import type { ApiResponse, RequestOptions, Transport } from "./transport.ts";

const deployments = namespacedType("apps/v1", "Deployment", "deployments");
const nodes = clusterType("v1", "Node", "nodes");

const manifest: Manifest = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a", namespace: "media" } };
const stored: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "a", uid: "u", resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z" },
};

/** Answers each request with the next response, and records the requests. */
function scripted(...responses: (ApiResponse["text"] | Error)[]): Transport & { readonly requests: object[] } {
  const requests: object[] = [];
  const next = (): string => {
    const response = responses.shift();
    if (response === undefined) throw new Error("unexpected request");
    if (response instanceof Error) throw response;
    return response;
  };
  return {
    requests,
    async request({ signal: _signal, ...request }: RequestOptions) {
      requests.push(request);
      return { status: 200, headers: { etag: '"e"' }, text: next() };
    },
    async stream({ signal: _signal, ...request }) {
      requests.push(request);
      const text = next();
      return (async function* () {
        yield Buffer.from(text);
      })();
    },
    close: () => Promise.reject(new Error("unexpected close")),
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const watching = { allowWatchBookmarks: true, timeoutSeconds: 300, signal: new AbortController().signal };

function fence(): void {}

describe("each verb", () => {
  interface Case {
    readonly call: (client: ApiClient) => Promise<unknown>;
    readonly request: object;
    readonly response?: string;
    readonly result?: unknown;
  }
  const cases: Readonly<Record<string, Case>> = {
    get: {
      call: (client) => client.get(deployments, "media", "a"),
      request: { method: "GET", path: "/apis/apps/v1/namespaces/media/deployments/a" },
      result: stored,
    },
    "get of a cluster-scoped kind of the core group": {
      call: (client) => client.get(nodes, "", "n/1"),
      request: { method: "GET", path: "/api/v1/nodes/n%2F1" },
      result: stored,
    },
    list: {
      call: (client) =>
        client.list(deployments, {
          namespace: "media",
          labelSelector: "app in (a, b)",
          limit: 500,
          resourceVersion: "5",
          resourceVersionMatch: "NotOlderThan",
        }),
      request: {
        method: "GET",
        path:
          "/apis/apps/v1/namespaces/media/deployments?labelSelector=app+in+%28a%2C+b%29&limit=500&resourceVersion=5" +
          "&resourceVersionMatch=NotOlderThan",
      },
      response: JSON.stringify({
        kind: "DeploymentList",
        metadata: { resourceVersion: "9", continue: "token" },
        items: [{ metadata: stored.metadata }],
      }),
      result: { items: [stored], resourceVersion: "9", continue: "token" },
    },
    "list of all namespaces, an empty last page": {
      call: (client) => client.list(deployments, { continue: "token=" }),
      request: { method: "GET", path: "/apis/apps/v1/deployments?continue=token%3D" },
      response: '{"metadata":{"resourceVersion":"9","continue":""},"items":null}',
      result: { items: [], resourceVersion: "9" },
    },
    watch: {
      call: (client) => collect(client.watch(deployments, { ...watching, resourceVersion: "9" })),
      request: {
        method: "GET",
        path: "/apis/apps/v1/deployments?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=9",
      },
      response: `${JSON.stringify({ type: "ADDED", object: stored })}\n`,
      result: [{ type: "ADDED", object: stored }],
    },
    "watch that begins with the objects that exist": {
      call: (client) => collect(client.watch(deployments, { ...watching, namespace: "media" })),
      request: {
        method: "GET",
        path:
          "/apis/apps/v1/namespaces/media/deployments?watch=true&allowWatchBookmarks=true&timeoutSeconds=300" +
          "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
      },
      response: `${JSON.stringify(initialEventsEnd(9))}\n`,
      result: [initialEventsEnd(9)],
    },
    "list of metadata alone": {
      call: (client) => client.list(deployments, { namespace: "media", metadataOnly: true }),
      request: {
        method: "GET",
        path: "/apis/apps/v1/namespaces/media/deployments",
        headers: { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" },
      },
      response: JSON.stringify({ metadata: { resourceVersion: "9" }, items: [{ metadata: stored.metadata }] }),
      result: { items: [stored], resourceVersion: "9" },
    },
    "watch of metadata alone": {
      call: (client) => collect(client.watch(nodes, { ...watching, resourceVersion: "9", metadataOnly: true })),
      request: {
        method: "GET",
        path: "/api/v1/nodes?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=9",
        headers: { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" },
      },
      response: `${JSON.stringify({ type: "ADDED", object: stored })}\n`,
      result: [{ type: "ADDED", object: stored }],
    },
    create: {
      call: (client) => client.create(deployments, manifest, { fieldManager: "gpumedia-operator:digest" }),
      request: {
        method: "POST",
        path: "/apis/apps/v1/namespaces/media/deployments?fieldManager=gpumedia-operator%3Adigest",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(manifest),
        fence: undefined,
      },
      result: stored,
    },
    apply: {
      call: (client) => client.apply(deployments, manifest, { fieldManager: "gpumedia-operator", force: true }),
      request: {
        method: "PATCH",
        path: "/apis/apps/v1/namespaces/media/deployments/a?fieldManager=gpumedia-operator&force=true",
        headers: { "content-type": "application/apply-patch+yaml" },
        body: JSON.stringify(manifest),
        fence: undefined,
      },
      result: stored,
    },
    "patch of the status": {
      call: (client) =>
        client.jsonPatch(deployments, "media", "a", [{ op: "add", path: "/status", value: {} }], {
          subresource: "status",
        }),
      request: {
        method: "PATCH",
        path: "/apis/apps/v1/namespaces/media/deployments/a/status",
        headers: { "content-type": "application/json-patch+json" },
        body: '[{"op":"add","path":"/status","value":{}}]',
        fence: undefined,
      },
      result: stored,
    },
    delete: {
      call: (client) => client.delete(deployments, "media", "a", { uid: "u", propagationPolicy: "Background" }),
      request: {
        method: "DELETE",
        path: "/apis/apps/v1/namespaces/media/deployments/a",
        headers: { "content-type": "application/json" },
        body: '{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"},"propagationPolicy":"Background"}',
        fence: undefined,
      },
      result: undefined,
    },
    "raw GET": {
      call: (client) => client.rawJson("GET", "/apis", { headers: { "if-none-match": '"e"' }, accept: [304] }),
      request: { method: "GET", path: "/apis", headers: { "if-none-match": '"e"' }, accept: [304] },
      response: "{}",
      result: { status: 200, headers: { etag: '"e"' }, body: {} },
    },
    "raw PUT": {
      call: (client) => client.rawJson("PUT", "/apis/a", { body: { b: 1 }, timeoutMs: 5000 }),
      request: {
        method: "PUT",
        path: "/apis/a",
        headers: { "content-type": "application/json" },
        body: '{"b":1}',
        timeoutMs: 5000,
        fence: undefined,
      },
      response: "[1]",
      result: { status: 200, headers: { etag: '"e"' }, body: [1] },
    },
  };
  for (const [verb, { call, request, response = JSON.stringify(stored), result }] of Object.entries(cases)) {
    it(verb, async () => {
      const transport = scripted(response);
      assert.deepEqual(await call(createApiClient(transport)), result);
      assert.deepEqual(transport.requests, [request]);
    });
  }

  it("passes the fence to every write, and to no read", async () => {
    const fenced: string[] = [];
    for (const [verb, { call, response = JSON.stringify(stored) }] of Object.entries(cases)) {
      const transport = scripted(response);
      await call(createApiClient(transport, { fence }));
      if (transport.requests.some((request) => "fence" in request && request.fence === fence)) fenced.push(verb);
    }
    assert.deepEqual(fenced, ["create", "apply", "patch of the status", "delete", "raw PUT"]);
  });

  it("bug: returned no body for an empty response to a read, and the operator exited; it is an error", async () => {
    await assert.rejects(createApiClient(scripted("")).rawJson("GET", "/openapi/v3/apis/keda.sh/v1alpha1"), {
      name: "ApiError",
      status: 200,
      reason: "NotJson",
      message: "the response is empty",
    });
  });

  it("returns no body where a write has none", async () => {
    const { body } = await createApiClient(scripted("")).rawJson("DELETE", "/apis/a");
    assert.equal(body, undefined);
  });

  it("quotes a response that is not JSON", async () => {
    await assert.rejects(createApiClient(scripted("<html>")).get(deployments, "media", "a"), {
      name: "ApiError",
      status: 200,
      reason: "NotJson",
      message: "the response is not JSON: <html>",
      method: "GET",
      path: "/apis/apps/v1/namespaces/media/deployments/a",
    });
  });
});

describe("the observer of requests", () => {
  it("is called once per request with its outcome", async () => {
    const observed: Omit<RequestObservation, "durationMs">[] = [];
    const refused = new ApiError({
      status: 409,
      reason: "AlreadyExists",
      message: "exists",
      method: "POST",
      path: "/",
    });
    const transport = scripted(JSON.stringify(stored), refused, new Error("not leader"), "", refused);
    const client = createApiClient(transport, {
      observe({ durationMs, ...request }) {
        assert.ok(durationMs >= 0);
        observed.push(request);
      },
    });
    await client.get(nodes, "", "n");
    await assert.rejects(client.create(deployments, manifest, { fieldManager: "f" }), refused);
    await assert.rejects(client.delete(deployments, "media", "a", { uid: "u" }), /not leader/);
    await collect(client.watch(deployments, { ...watching, resourceVersion: "9" }));
    await assert.rejects(collect(client.watch(deployments, { ...watching, resourceVersion: "9" })), refused);
    assert.deepEqual(observed, [
      { verb: "get", method: "GET", resource: "nodes", status: 200 },
      { verb: "create", method: "POST", resource: "deployments.apps", status: 409 },
      { verb: "delete", method: "DELETE", resource: "deployments.apps", status: 0 },
      { verb: "watch", method: "GET", resource: "deployments.apps", status: 200 },
      { verb: "watch", method: "GET", resource: "deployments.apps", status: 409 },
    ]);
  });
});
