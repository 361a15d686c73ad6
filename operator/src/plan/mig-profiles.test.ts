import assert from "node:assert/strict";
import type { Engines } from "../effective/gpu-request.ts";
import { smallestProfile } from "./mig-profiles.ts";

// https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html
describe("the smallest MIG profile with engines", () => {
  const cases: readonly (readonly [product: string, engines: Partial<Engines>, profile: string | undefined])[] = [
    ["NVIDIA A30", { jpeg: 1 }, "1g.6gb+me"],
    ["NVIDIA A30", { decoders: 2 }, "2g.12gb"],
    ["NVIDIA A30", { decoders: 2, jpeg: 1 }, "2g.12gb+me"],
    ["NVIDIA A100-SXM4-40GB", { jpeg: 1 }, "1g.5gb+me"],
    ["NVIDIA A100-SXM4-40GB", { decoders: 2 }, "3g.20gb"],
    ["NVIDIA A100 80GB PCIe", { jpeg: 1 }, "1g.10gb+me"],
    ["NVIDIA A100-SXM4-40GB", { encoders: 1 }, undefined],
    ["NVIDIA L4", { jpeg: 1 }, undefined],
  ];
  for (const [product, engines, profile] of cases) {
    it(`is ${profile ?? "not known"} of ${product} for ${JSON.stringify(engines)}`, () => {
      assert.equal(smallestProfile(product, { jpeg: 0, decoders: 0, encoders: 0, ...engines }), profile);
    });
  }
});
