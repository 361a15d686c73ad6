import assert from "node:assert/strict";
import { hosts, routes, type EndpointSlice, type Service } from "./service-proxy.ts";

const service: Service = {
  metadata: { namespace: "media", name: "up" },
  spec: { clusterIP: "10.0.0.9", ports: [{ name: "http", port: 80 }] },
};
const headless: Service = { metadata: { namespace: "media", name: "none" }, spec: { clusterIP: "None", ports: [] } };

function slice(more: Partial<EndpointSlice>): EndpointSlice {
  return {
    metadata: { namespace: "media", labels: { "kubernetes.io/service-name": "up" } },
    addressType: "IPv4",
    endpoints: [{ addresses: ["10.244.0.2"], conditions: { ready: true } }],
    ports: [{ name: "http", port: 8080 }],
    ...more,
  };
}

const one = { address: "10.244.0.2", port: 8080 };

describe("the routes of Services", () => {
  const cases: readonly { name: string; slices: readonly EndpointSlice[]; backends: readonly object[] }[] = [
    { name: "have ready pods as backends", slices: [slice({})], backends: [one] },
    { name: "have no backend without endpoints", slices: [slice({ endpoints: null, ports: null })], backends: [] },
    {
      name: "leave out pods that are not ready if others are",
      slices: [
        slice({}),
        slice({ endpoints: [{ addresses: ["10.244.0.3"], conditions: { ready: false, serving: true } }] }),
      ],
      backends: [one],
    },
    {
      name: "have terminating pods that serve as backends if none is ready",
      slices: [slice({ endpoints: [{ addresses: ["10.244.0.2"], conditions: { ready: false, serving: true } }] })],
      backends: [one],
    },
    {
      name: "leave out the endpoints of other Services",
      slices: [
        slice({ metadata: { namespace: "other", labels: { "kubernetes.io/service-name": "up" } } }),
        slice({ metadata: { namespace: "media", labels: { "kubernetes.io/service-name": "down" } } }),
        slice({ addressType: "IPv6" }),
      ],
      backends: [],
    },
  ];
  for (const { name, slices, backends } of cases) {
    it(name, () => {
      assert.deepEqual(routes([service, headless], slices), new Map([["10.0.0.9:80", backends]]));
    });
  }
});

describe("the hosts file", () => {
  it("has each Service with an address by its names in the cluster's DNS", () => {
    assert.equal(
      hosts([service, headless]),
      "127.0.0.1 localhost\n::1 localhost\n10.0.0.9 up.media up.media.svc up.media.svc.cluster.local\n",
    );
  });
});
