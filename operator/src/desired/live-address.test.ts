import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { liveAddress } from "./live-address.ts";
import { sampleService } from "./service.sample.ts";

describe("the address of live video", () => {
  const balanced = (...ingress: object[]) => ({
    spec: { ports: [{ nodePort: 31_000 }] },
    status: { loadBalancer: { ingress } },
  });
  const cases: {
    readonly [title: string]: {
      readonly live: NonNullable<GpuMediaServiceSpec["live"]>;
      readonly service?: Parameters<typeof liveAddress>[1];
      readonly expected: ReturnType<typeof liveAddress>;
    };
  } = {
    "is that of the load balancer": {
      live: {},
      service: balanced({ ip: "203.0.113.7" }, { ip: "2001:db8::7" }),
      expected: { addresses: ["203.0.113.7", "2001:db8::7"] },
    },
    "is unknown until the load balancer has one": { live: {}, service: balanced(), expected: { addresses: [] } },
    "is unknown before the Service exists": { live: {}, expected: { addresses: [] } },
    "is no host name": {
      live: {},
      service: balanced({ hostname: "lb.example.com" }),
      expected: { addresses: [] },
    },
    "is that of the spec, even if the load balancer has another one": {
      live: { publicAddresses: ["198.51.100.1"] },
      service: balanced({ ip: "203.0.113.7" }),
      expected: { addresses: ["198.51.100.1"] },
    },
    "is that of the nodes in the spec, with the port that Kubernetes has allocated": {
      live: { service: { type: "NodePort" }, publicAddresses: ["198.51.100.1"] },
      service: balanced(),
      expected: { addresses: ["198.51.100.1"], port: 31_000 },
    },
    "is that of each pod within the cluster": {
      live: { service: { type: "ClusterIP" } },
      // The load balancer of before is about to be removed.
      service: balanced({ ip: "203.0.113.7" }),
      expected: { addresses: [] },
    },
  };
  for (const [title, { live, service, expected }] of Object.entries(cases)) {
    it(title, () =>
      assert.deepEqual(liveAddress(sampleService({ live: { enabled: true, ...live } }), service), expected),
    );
  }

  it("is none without live video", () => {
    const service = sampleService({ live: { publicAddresses: ["198.51.100.1"] } });
    assert.deepEqual(liveAddress(service, undefined), { addresses: [] });
  });
});
