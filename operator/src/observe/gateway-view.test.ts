import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { gatewayKey, viewGateway, type ParentRef } from "./gateway-view.ts";

describe("the view of a Gateway", () => {
  const metadata = { name: "public", namespace: "gateways", uid: "u", resourceVersion: "7", creationTimestamp: "" };
  const gateway = { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata };

  it("has its class, and its listeners with what is reported of each by name", () => {
    const programmed = [{ type: "Programmed", status: "True", reason: "Programmed" }];
    const object = {
      ...gateway,
      spec: {
        gatewayClassName: "traefik",
        listeners: [
          { name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "Same" } } },
          { name: "https", port: 443, protocol: "HTTPS", hostname: "*.example.org", tls: { certificateRefs: [] } },
        ],
      },
      status: { conditions: programmed, listeners: [{ name: "https", attachedRoutes: 1, conditions: programmed }] },
    };
    assert.deepEqual(viewGateway(object as KubeObject), {
      key: "gateways/public",
      className: "traefik",
      listeners: [
        { name: "http", port: 80, protocol: "HTTP", conditions: [] },
        { name: "https", port: 443, protocol: "HTTPS", hostname: "*.example.org", conditions: programmed },
      ],
      conditions: programmed,
    });
  });

  it("is empty before a controller has reported anything", () => {
    const empty = { key: "gateways/public", className: "", listeners: [], conditions: [] };
    assert.deepEqual(viewGateway(gateway), empty);
  });
});

describe("the Gateway that a route in namespace media refers to", () => {
  const cases: { readonly [title: string]: readonly [ref: ParentRef, key: string | undefined] } = {
    "in its own namespace": [{ name: "public" }, "media/public"],
    "in another namespace": [{ name: "public", namespace: "gateways" }, "gateways/public"],
    "of another kind: none": [{ name: "mesh", kind: "Service", group: "" }, undefined],
  };
  for (const [title, [ref, key]] of Object.entries(cases)) it(title, () => assert.equal(gatewayKey(ref, "media"), key));
});
