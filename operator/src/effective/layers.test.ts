import assert from "node:assert/strict";
import { layer } from "./layers.ts";

/** A layer whose origin is just its name. */
const named = (name: string, values: object) => ({ values, originOf: () => name });

describe("layers of a spec", () => {
  const cases: {
    readonly [title: string]: {
      layers: object[];
      values: object;
      /** The index of the layer, by path. */
      origins: Record<string, string>;
    };
  } = {
    "an upper scalar overrides, the values beside it stay": {
      layers: [
        { autoscaling: { horizontal: { minReplicas: 2, maxReplicas: 10 } } },
        { autoscaling: { horizontal: { minReplicas: 3 } } },
      ],
      values: { autoscaling: { horizontal: { minReplicas: 3, maxReplicas: 10 } } },
      origins: { "autoscaling.horizontal.minReplicas": "1", "autoscaling.horizontal.maxReplicas": "0" },
    },
    "a list is one leaf and is replaced as a whole": {
      layers: [{ env: [{ name: "A" }, { name: "B" }] }, { env: [{ name: "C" }] }],
      values: { env: [{ name: "C" }] },
      origins: { env: "1" },
    },
    "false and 0 are values, undefined is none": {
      layers: [
        { enabled: true, count: 1, image: "a" },
        { enabled: false, count: 0, image: undefined },
      ],
      values: { enabled: false, count: 0, image: "a" },
      origins: { enabled: "1", count: "1", image: "0" },
    },
    "a key with dots is quoted in its path": {
      layers: [{ resources: { limits: { cpu: "4", "nvidia.com/gpu": "1" } } }],
      values: { resources: { limits: { cpu: "4", "nvidia.com/gpu": "1" } } },
      origins: { "resources.limits.cpu": "0", 'resources.limits["nvidia.com/gpu"]': "0" },
    },
    "a subtree that only an upper layer has is taken whole": {
      layers: [{ a: 1 }, { network: { gateway: { hostnames: ["x"] } } }, {}],
      values: { a: 1, network: { gateway: { hostnames: ["x"] } } },
      origins: { a: "0", "network.gateway.hostnames": "1" },
    },
  };
  for (const [title, { layers, values, origins }] of Object.entries(cases)) {
    it(title, () => {
      const layered = layer(layers.map((values, index) => named(String(index), values)));
      assert.deepEqual({ values: layered.values, origins: Object.fromEntries(layered.origins) }, { values, origins });
    });
  }

  it("does not change its inputs", () => {
    const lower = { a: { b: 1 } };
    layer([named("0", lower), named("1", { a: { b: 2 } })]);
    assert.deepEqual(lower, { a: { b: 1 } });
  });
});
