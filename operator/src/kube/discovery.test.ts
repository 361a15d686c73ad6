import assert from "node:assert/strict";
import type { ApiClient, RawResponse } from "./client.ts";
import { Apis, createDiscovery } from "./discovery.ts";
import { ApiError } from "./errors.ts";
import { clusterType, namespacedType, type ResourceType } from "./object.ts";

const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

const pods = namespacedType("v1", "Pod", "pods");
const nodes = clusterType("v1", "Node", "nodes");
const vpa = (version: string): ResourceType =>
  namespacedType(`autoscaling.k8s.io/${version}`, "VerticalPodAutoscaler", "verticalpodautoscalers");

/** A request and its response. */
interface Exchange {
  readonly path: string;
  /** The ETag that the request must send. */
  readonly etag?: string;
  /** Of one version of a group, not the aggregated document. */
  readonly isList?: true;
  readonly response: { readonly status?: number; readonly etag?: string; readonly body?: unknown } | Error;
}

/** Accepts these requests, in any order, and no others. */
function scripted(exchanges: Exchange[]): Pick<ApiClient, "rawJson"> {
  return {
    async rawJson(method, path, options): Promise<RawResponse> {
      const index = exchanges.findIndex((exchange) => exchange.path === path);
      const exchange = exchanges[index];
      assert.ok(exchange !== undefined, `unexpected ${method} ${path}`);
      exchanges.splice(index, 1);
      if (exchange.isList === true) {
        assert.deepEqual({ method, ...options }, { method: "GET", headers: { accept: "application/json" } });
        if (exchange.response instanceof Error) throw exchange.response;
        return { status: 200, headers: {}, body: exchange.response.body };
      }
      const headers = { accept, ...(exchange.etag === undefined ? {} : { "if-none-match": exchange.etag }) };
      assert.deepEqual({ method, ...options }, { method: "GET", headers, accept: [304] });
      if (exchange.response instanceof Error) throw exchange.response;
      const { status = 200, etag, body } = exchange.response;
      return { status, headers: etag === undefined ? {} : { etag }, body };
    },
  };
}

const core: Exchange = {
  path: "/api",
  response: {
    body: {
      kind: "APIGroupDiscoveryList",
      items: [
        {
          versions: [
            {
              version: "v1",
              resources: [
                { resource: "pods", responseKind: { kind: "Pod" }, scope: "Namespaced" },
                { resource: "nodes", responseKind: { kind: "Node" }, scope: "Cluster" },
              ],
            },
          ],
        },
      ],
    },
  },
};

const aggregated = {
  kind: "APIGroupDiscoveryList",
  items: [
    {
      metadata: { name: "autoscaling.k8s.io" },
      versions: ["v1", "v1beta2"].map((version) => ({
        version,
        resources: [
          {
            resource: "verticalpodautoscalers",
            responseKind: { group: "", version: "", kind: "VerticalPodAutoscaler" },
            scope: "Namespaced",
            subresources: [{ subresource: "status" }],
          },
          { resource: "only-a-subresource", responseKind: null, scope: "Namespaced" },
        ],
        freshness: "Current",
      })),
    },
    { metadata: { name: "empty.example" } },
  ],
};

const everything = [pods, nodes, vpa("v1"), vpa("v1beta2")];

describe("discovery", () => {
  it("reads all kinds with two requests, then sends the ETag", async () => {
    const changed = { ...aggregated, items: [] };
    const exchanges: Exchange[] = [
      core,
      { path: "/apis", response: { etag: '"1"', body: aggregated } },
      { path: "/apis", etag: '"1"', response: { status: 304 } },
      { path: "/apis", etag: '"1"', response: { etag: '"2"', body: changed } },
      { path: "/apis", etag: '"2"', response: { status: 304 } },
    ];
    const discovery = createDiscovery(scripted(exchanges));
    const first = await discovery.read();
    assert.deepEqual(first.types, everything);
    assert.equal(await discovery.read(), first);
    const second = await discovery.read();
    assert.deepEqual(second.types, [pods, nodes]);
    assert.equal(await discovery.read(), second);
    assert.deepEqual(exchanges, []);
  });

  it("names the groups whose servers the API server does not reach, with or without kinds", async () => {
    const version = (freshness: string, resources: readonly object[] = []) => ({ version: "v1", freshness, resources });
    const items = [
      { metadata: { name: "custom.metrics.k8s.io" }, versions: [version("Stale")] },
      { metadata: { name: "apps" }, versions: [version("Current", [{ resource: "deployments" }])] },
    ];
    const discovery = createDiscovery(scripted([core, { path: "/apis", response: { body: { items } } }]));
    assert.deepEqual((await discovery.read()).stale, new Set(["custom.metrics.k8s.io"]));
  });

  // As prometheus-adapter 0.12.0 answers behind Kubernetes 1.35.4 (e2e/peers/prometheus-adapter.spec.ts).
  it("reads the list of a version without resources at each poll, and keeps it while its server does not answer", async () => {
    const metrics = {
      metadata: { name: "custom.metrics.k8s.io" },
      versions: [{ version: "v1beta1", freshness: "Current" }],
    };
    const list = (...names: readonly string[]): Exchange => {
      const resources = names.map((name) => ({ name, namespaced: name.startsWith("pods"), kind: "MetricValueList" }));
      return { path: "/apis/custom.metrics.k8s.io/v1beta1", isList: true, response: { body: { resources } } };
    };
    const unchanged: Exchange = { path: "/apis", etag: '"1"', response: { status: 304 } };
    const away: Exchange = {
      ...list(),
      response: new ApiError({ status: 503, reason: "ServiceUnavailable", message: "", method: "GET", path: "" }),
    };
    const exchanges: Exchange[] = [
      core,
      { path: "/apis", response: { etag: '"1"', body: { items: [metrics] } } },
      list(),
      unchanged,
      list("pods/gpu", "namespaces/gpu"),
      unchanged,
      list("pods/gpu", "namespaces/gpu"),
      unchanged,
      away,
      unchanged,
      list(),
    ];
    const discovery = createDiscovery(scripted(exchanges));
    const serves = (apis: Apis): boolean => apis.serves({ group: "custom.metrics.k8s.io", resource: "pods/gpu" });
    const first = await discovery.read();
    const second = await discovery.read();
    assert.deepEqual([serves(first), serves(second)], [false, true]);
    assert.equal(await discovery.read(), second);
    assert.equal(await discovery.read(), second);
    assert.equal(serves(await discovery.read()), false);
    assert.deepEqual(exchanges, []);
  });

  it("lists subresources only where their resource is missing", async () => {
    const resources = [
      { name: "things", namespaced: true, kind: "Thing" },
      { name: "things/status", namespaced: true, kind: "Thing" },
      { name: "pods/gpu", namespaced: true, kind: "MetricValueList" },
    ];
    const items = [{ metadata: { name: "example.com" }, versions: [{ version: "v1" }] }];
    const list: Exchange = { path: "/apis/example.com/v1", isList: true, response: { body: { resources } } };
    const discovery = createDiscovery(scripted([core, { path: "/apis", response: { body: { items } } }, list]));
    const found = (await discovery.read()).types.filter(({ group }) => group === "example.com");
    assert.deepEqual(
      found.map(({ resource }) => resource),
      ["things", "pods/gpu"],
    );
  });

  it("rejects when a read fails, and starts again at the next one", async () => {
    const away = new Error("unreachable");
    const discovery = createDiscovery(
      scripted([
        { path: "/api", response: away },
        core,
        { path: "/apis", response: away },
        { path: "/apis", response: { body: aggregated } },
      ]),
    );
    await assert.rejects(discovery.read(), away);
    await assert.rejects(discovery.read(), away);
    assert.deepEqual((await discovery.read()).types, everything);
  });
});

describe("Apis", () => {
  const apis = new Apis(everything);
  const cases: Readonly<
    Record<string, readonly [query: Parameters<Apis["find"]>[0], found: ResourceType | undefined]>
  > = {
    "finds a kind in the requested version": [
      { group: "autoscaling.k8s.io", version: "v1beta2", resource: "verticalpodautoscalers" },
      vpa("v1beta2"),
    ],
    "finds a kind in the preferred version": [
      { group: "autoscaling.k8s.io", resource: "verticalpodautoscalers" },
      vpa("v1"),
    ],
    "finds a kind of the core group": [{ group: "", resource: "nodes" }, nodes],
    "finds no kind in another version": [
      { group: "autoscaling.k8s.io", version: "v2", resource: "verticalpodautoscalers" },
      undefined,
    ],
    "finds no kind in another group": [{ group: "apps", resource: "pods" }, undefined],
  };
  for (const [name, [query, found]] of Object.entries(cases)) {
    it(name, () => {
      assert.deepEqual(apis.find(query), found);
      assert.equal(apis.serves(query), found !== undefined);
    });
  }
});
