import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import type { KubeObject, Manifest } from "../kube/object.ts";
import { register, type Place } from "./registration.ts";

const place: Place = {
  namespace: "gpumedia-system",
  name: "gpumedia-operator-metrics",
  port: 9443,
  address: "10.0.0.7",
  readsEndpoints: false,
};
const ours = { "app.kubernetes.io/managed-by": "gpumedia-operator", "app.kubernetes.io/part-of": "gpumedia" };

/** An API server with these objects that records writes. */
function apiServer(objects: Readonly<Record<string, object>>) {
  const writes: string[] = [];
  const written = new Map<string, Manifest>();
  const write = async (verb: string, manifest: Manifest): Promise<KubeObject> => {
    const { kind, metadata } = manifest;
    writes.push(`${verb} ${kind} ${metadata.name}`);
    written.set(kind, manifest);
    return {} as KubeObject;
  };
  return {
    writes,
    written,
    client: {
      async get({ kind }: { kind: string }, _namespace: string, name: string) {
        const found = objects[`${kind} ${name}`];
        if (found !== undefined) return found as KubeObject;
        throw new ApiError({ status: 404, reason: "NotFound", message: "", method: "GET", path: "" });
      },
      create: (_type: unknown, manifest: Manifest) => write("create", manifest),
      apply: (_type: unknown, manifest: Manifest) => write("apply", manifest),
    },
  };
}

const v1 = "v1beta1.custom.metrics.k8s.io";
const v2 = "v1beta2.custom.metrics.k8s.io";
const apiService = (name: string, spec: object, labels: object = ours): object => ({
  metadata: { name, labels },
  spec,
});
const service = { namespace: place.namespace, name: place.name, port: 443 };
const caBundle = Buffer.from("PEM").toString("base64");

describe("registration of the metrics API", () => {
  it("creates missing objects", async () => {
    const { client, writes } = apiServer({});
    assert.deepEqual(await register(client, place, "PEM"), { kind: "Registered", isInstalled: false });
    assert.deepEqual(writes, [
      "apply Service gpumedia-operator-metrics",
      "apply EndpointSlice gpumedia-operator-metrics",
      `create APIService ${v2}`,
      `create APIService ${v1}`,
    ]);
  });

  // Kubernetes 1.33, kube-aggregator/pkg/controllers/status/remote: an APIService whose Service has no Endpoints is not available.
  it("bug: was unreachable before Kubernetes 1.34, which reads Endpoints; they name the leader, and go with the chart's Service", async () => {
    const labels = { ...ours, "app.kubernetes.io/managed-by": "Helm" };
    const installed = {
      [`Service ${place.name}`]: { metadata: { labels, uid: "s-1" } },
      [`APIService ${v1}`]: apiService(v1, { service, caBundle }),
      [`APIService ${v2}`]: apiService(v2, { service, caBundle }),
    };
    const { client, writes, written } = apiServer(installed);
    await register(client, { ...place, readsEndpoints: true }, "PEM");
    assert.deepEqual(writes, [`apply EndpointSlice ${place.name}`, `apply Endpoints ${place.name}`]);
    assert.deepEqual(written.get("Endpoints"), {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: {
        name: place.name,
        namespace: place.namespace,
        labels: { ...ours, "endpointslice.kubernetes.io/skip-mirror": "true" },
        ownerReferences: [{ apiVersion: "v1", kind: "Service", name: place.name, uid: "s-1" }],
      },
      subsets: [{ addresses: [{ ip: "10.0.0.7" }], ports: [{ name: "https", port: 9443, protocol: "TCP" }] }],
    });
  });

  it("creates no APIService for a chart that is being uninstalled: it would block the deletion of namespaces for ever", async () => {
    const labels = { ...ours, "app.kubernetes.io/managed-by": "Helm" };
    const { client, writes } = apiServer({ [`Service ${place.name}`]: { metadata: { labels, uid: "s-1" } } });
    assert.deepEqual(await register(client, place, "PEM"), {
      kind: "Refused",
      message: `APIService ${v2} of the installation is missing: repeat the installation`,
    });
    assert.deepEqual(writes, ["apply EndpointSlice gpumedia-operator-metrics"]);
    const uninstalled = apiServer({});
    assert.deepEqual(await register(uninstalled.client, place, "PEM", true), {
      kind: "Refused",
      message:
        "Service gpumedia-system/gpumedia-operator-metrics of the installation is missing: repeat the installation",
    });
    assert.deepEqual(uninstalled.writes, []);
  });

  it("corrects a stale caBundle, and leaves a current one", async () => {
    const { client, writes } = apiServer({
      [`APIService ${v1}`]: apiService(v1, { service, caBundle: "b2xk" }),
      [`APIService ${v2}`]: apiService(v2, { service, caBundle }),
      [`Service ${place.name}`]: { metadata: {} },
    });
    assert.deepEqual(await register(client, place, "PEM"), { kind: "Registered", isInstalled: false });
    assert.deepEqual(writes, [`apply APIService ${v1}`]);
  });

  it("uses the server's own port behind an ExternalName Service, and leaves another owner's Service alone", async () => {
    const { client, writes } = apiServer({
      [`APIService ${v1}`]: apiService(v1, { service: { ...service, port: 9443 }, caBundle }),
      [`APIService ${v2}`]: apiService(v2, { service: { ...service, port: 9443 }, caBundle }),
      [`Service ${place.name}`]: { metadata: {}, spec: { type: "ExternalName" } },
    });
    assert.deepEqual(await register(client, { ...place, address: undefined }, "PEM"), {
      kind: "Registered",
      isInstalled: false,
    });
    assert.deepEqual(writes, []);
  });

  const foreign: Readonly<Record<string, { live: object }>> = {
    "that of another provider": {
      live: apiService(v1, { service: { namespace: "monitoring", name: "prometheus-adapter" } }, {}),
    },
    "that of another operator": {
      live: apiService(v1, { service: { namespace: "elsewhere", name: place.name } }),
    },
    "not managed by this operator": { live: apiService(v1, { service }, {}) },
    "local to the API server": { live: apiService(v1, {}, {}) },
  };
  for (const [title, { live }] of Object.entries(foreign)) {
    it(`refuses and writes nothing when the APIService is ${title}`, async () => {
      const { client, writes } = apiServer({ [`APIService ${v1}`]: live });
      const registered = await register(client, place, "PEM");
      assert.equal(registered.kind, "Refused");
      assert.match(registered.kind === "Refused" ? registered.message : "", /APIService v1beta1.*: delete it/);
      assert.deepEqual(writes, []);
    });
  }

  it("refuses without an address or a Service that routes to it", async () => {
    const { client, writes } = apiServer({});
    const registered = await register(client, { ...place, address: undefined }, "PEM");
    assert.match(registered.kind === "Refused" ? registered.message : "", /--metrics-api-advertise-address/);
    assert.deepEqual(writes, []);
  });
});
