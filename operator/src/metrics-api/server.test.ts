import assert from "node:assert/strict";
import { Agent } from "undici";
import { ApiError } from "../kube/errors.ts";
import { createLogger } from "../runtime/log.ts";
import type { Attributes } from "./access-review.ts";
import { frontProxyOf, type FrontProxy, type User } from "./front-proxy.ts";
import type { PodMetric } from "./pod-metrics.ts";
import { startMetricsServer, type MetricsServer, type PodsRequest } from "./server.ts";
import {
  createAuthority,
  createServingCertificate,
  type Authority,
  type KeyPair,
  type ServingCertificate,
} from "./serving-certificate.ts";

const host = "gpumedia-operator-metrics.gpumedia-system.svc";
const root = "/apis/custom.metrics.k8s.io";
const gpu = `${root}/v1beta2/namespaces/media/pods/*/gpumedia_gpu_utilization_percent`;
const asUser = { "x-remote-user": "hpa", "x-remote-group": ["a", "b"], "x-remote-extra-scopes": "x" };
const values: readonly PodMetric[] = [
  { pod: { name: "a", namespace: "media" }, value: 72, windowSeconds: 15, sampledAtWallMs: Date.UTC(2026, 0, 1) },
  {
    pod: { name: "b", namespace: "media" },
    value: 12.5,
    windowSeconds: 15,
    sampledAtWallMs: Date.UTC(2026, 0, 1, 0, 0, 1),
  },
];

function frontProxyFor({ certificate: pem }: Authority, names = ["front-proxy"]): FrontProxy {
  return (
    frontProxyOf({
      "requestheader-client-ca-file": pem,
      "requestheader-allowed-names": JSON.stringify(names),
      "requestheader-username-headers": '["X-Remote-User"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    }) ?? assert.fail("the ConfigMap has no front proxy")
  );
}

describe("metrics server", () => {
  let authority: Authority;
  let stranger: Authority;
  let proxy: KeyPair;
  let certificate: ServingCertificate;
  let frontProxy: FrontProxy;
  let server: MetricsServer;
  let allows: (user: User, attributes: Attributes) => Promise<boolean>;
  let found: readonly PodMetric[];
  const agents: Agent[] = [];

  before(async () => {
    const now = Date.now();
    [authority, stranger] = await Promise.all([
      createAuthority("front-proxy-ca", now),
      createAuthority("stranger", now),
    ]);
    proxy = await authority.issue("front-proxy", "clientAuth");
    certificate = await createServingCertificate(host, now);
    frontProxy = frontProxyFor(authority);
  });
  beforeEach(async () => {
    allows = async () => true;
    found = values;
    server = await startMetricsServer({
      address: { host: "127.0.0.1", port: 0 },
      certificate,
      frontProxy,
      allows: (user, attributes) => allows(user, attributes),
      read: (_request: PodsRequest) => found,
      log: createLogger({ level: "silent" }),
    });
  });
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
    await server.close();
  });

  async function get(
    path: string,
    keys: KeyPair | undefined,
    headers: Record<string, string | string[]> = asUser,
    trusted = certificate,
  ): Promise<{ code: number; body: Record<string, unknown> }> {
    const client = keys === undefined ? {} : { cert: keys.certificate, key: keys.key };
    const agent = new Agent({ connect: { ca: trusted.authority, servername: host, ...client } });
    agents.push(agent);
    const answer = await agent.request({ origin: `https://127.0.0.1:${server.port}`, path, method: "GET", headers });
    const text = await answer.body.text();
    return {
      code: answer.statusCode,
      body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { text },
    };
  }

  it("serves values in both versions", async () => {
    assert.deepEqual((await get(gpu, proxy)).body, {
      kind: "MetricValueList",
      apiVersion: "custom.metrics.k8s.io/v1beta2",
      metadata: {},
      items: [
        {
          describedObject: { kind: "Pod", namespace: "media", name: "a", apiVersion: "/v1" },
          metric: { name: "gpumedia_gpu_utilization_percent", selector: null },
          timestamp: "2026-01-01T00:00:00Z",
          windowSeconds: 15,
          value: "72",
        },
        {
          describedObject: { kind: "Pod", namespace: "media", name: "b", apiVersion: "/v1" },
          metric: { name: "gpumedia_gpu_utilization_percent", selector: null },
          timestamp: "2026-01-01T00:00:01Z",
          windowSeconds: 15,
          value: "12500m",
        },
      ],
    });
    const { body } = await get(gpu.replace("v1beta2", "v1beta1"), proxy);
    assert.deepEqual((body.items as unknown[])[0], {
      describedObject: { kind: "Pod", namespace: "media", name: "a", apiVersion: "/v1" },
      metricName: "gpumedia_gpu_utilization_percent",
      timestamp: "2026-01-01T00:00:00Z",
      window: 15,
      value: "72",
      selector: null,
    });
  });

  it("lists the group and its resources", async () => {
    const groups = await get("/apis", proxy);
    assert.equal(groups.body.kind, "APIGroupList");
    const resources = await get(`${root}/v1beta2`, proxy);
    const names = (resources.body.resources as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, [
      "pods/gpumedia_gpu_utilization_percent",
      "pods/gpumedia_busy_percent",
      "pods/gpumedia_live_sessions",
      "pods/gpumedia_live_dropped_percent",
      "pods/gpumedia_queue_depth",
      "pods/gpumedia_active_sessions",
      "pods/gpumedia_p95_milliseconds",
    ]);
  });

  it("reviews access to the path that is read, as the user who reads it", async () => {
    const reviews: unknown[] = [];
    allows = async (...review) => reviews.push(review) > 0;
    await get(gpu, proxy);
    await get(root, proxy);
    const user = { name: "hpa", groups: ["a", "b", "system:authenticated"], extra: { scopes: ["x"] } };
    assert.deepEqual(reviews, [
      [
        user,
        {
          resourceAttributes: {
            group: "custom.metrics.k8s.io",
            version: "v1beta2",
            namespace: "media",
            resource: "pods",
            subresource: "gpumedia_gpu_utilization_percent",
            name: "*",
            verb: "get",
          },
        },
      ],
      [user, { nonResourceAttributes: { path: root, verb: "get" } }],
    ]);
  });

  it("serves no value for a pod without a report", async () => {
    found = [];
    assert.deepEqual((await get(gpu, proxy)).body.items, []);
    assert.equal((await get(gpu.replace("*", "a"), proxy)).code, 404);
  });

  interface Case {
    keys: () => Promise<KeyPair | undefined>;
    headers?: Record<string, string>;
  }
  const forged: Readonly<Record<string, Case>> = {
    "without a certificate": { keys: async () => undefined },
    "with a certificate of another CA": { keys: () => stranger.issue("front-proxy", "clientAuth") },
    "with another name in the certificate": { keys: () => authority.issue("other-proxy", "clientAuth") },
    "with a certificate for servers": {
      keys: () => authority.issue("front-proxy", "serverAuth", "x"),
    },
    "that names no user": { keys: async () => proxy, headers: {} },
    "that names an empty user": { keys: async () => proxy, headers: { "x-remote-user": "" } },
  };
  for (const [title, { keys, headers }] of Object.entries(forged)) {
    it(`answers 401 to a request ${title}`, async () => {
      assert.equal((await get(gpu, await keys(), headers ?? asUser)).code, 401);
    });
  }

  it("answers 403 to a user without rights, and 503 when the access review fails", async () => {
    allows = async () => false;
    assert.equal((await get(gpu, proxy)).code, 403);
    allows = async () => {
      throw new ApiError({ status: 0, reason: "Unreachable", message: "", method: "POST", path: "/" });
    };
    assert.equal((await get(gpu, proxy)).code, 503);
  });

  it("serves the renewed certificate and trusts the new authority after an update", async () => {
    const renewed = await createServingCertificate(host, Date.now());
    server.update(renewed, frontProxyFor(stranger, []));
    await assert.rejects(get(gpu, proxy));
    assert.equal((await get(gpu, proxy, asUser, renewed)).code, 401);
    const keys = await stranger.issue("other-proxy", "clientAuth");
    assert.equal((await get(gpu, keys, asUser, renewed)).code, 200);
  });

  const wrong: readonly (readonly [path: string, code: number])[] = [
    [gpu.replace("gpumedia_gpu_utilization_percent", "cpu"), 404],
    [gpu.replace("/pods/", "/services/"), 404],
    [`${gpu}/more`, 404],
    [`${root}/v2`, 404],
    ["/metrics", 404],
    [`${gpu}?labelSelector=a%20b`, 400],
  ];
  for (const [path, code] of wrong) {
    it(`answers ${code} to ${path}`, async () => {
      const { code: is, body } = await get(path, proxy);
      assert.deepEqual([is, body.kind, body.code], [code, "Status", code]);
    });
  }
});

describe("front proxy", () => {
  it("is undefined without a CA, because any client could claim any user", () => {
    assert.equal(frontProxyOf({ "requestheader-username-headers": '["X-Remote-User"]' }), undefined);
    assert.equal(frontProxyOf({}), undefined);
  });
});
