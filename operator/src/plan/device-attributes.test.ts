import assert from "node:assert/strict";
import type { DeviceAttribute } from "../observe/resource-slice-view.ts";
import { productOf, profileOf, uuidOf } from "./device-attributes.ts";

const driver = "gpu.example.com";

/** As `[product, profile, uuid]`. */
const cases: {
  readonly [title: string]: {
    readonly attributes: Readonly<Record<string, DeviceAttribute>>;
    readonly expected: readonly (string | undefined)[];
  };
} = {
  "of NVIDIA's driver, a MIG device": {
    attributes: {
      productName: { string: "NVIDIA H100" },
      profile: { string: "1g.10gb" },
      uuid: { string: "MIG-1" },
    },
    expected: ["NVIDIA H100", "1g.10gb", "MIG-1"],
  },
  // The attributes that ROCm/k8s-gpu-dra-driver documents.
  "of AMD's driver, a partition": {
    attributes: {
      type: { string: "amdgpu-partition" },
      deviceID: { string: "0x740f" },
      productName: { string: "AMD_Instinct_MI300X_OAM" },
      partitionProfile: { string: "cpx_nps4" },
      "resource.kubernetes.io/pciBusID": { string: "0000:19:00.0" },
    },
    expected: ["AMD_Instinct_MI300X_OAM", "cpx_nps4"],
  },
  // cmd/dra-example-kubeletplugin/discovery.go of v0.2.1
  "of Kubernetes' example driver": {
    attributes: {
      index: { int: 0 },
      uuid: { string: "gpu-18db0e85" },
      model: { string: "LATEST-GPU-MODEL" },
      driverVersion: { version: "1.0.0" },
    },
    expected: ["LATEST-GPU-MODEL", undefined, "gpu-18db0e85"],
  },
  "with the driver's domain": {
    attributes: { [`${driver}/model`]: { string: "X1" }, [`${driver}/UUID`]: { string: "u" } },
    expected: ["X1", undefined, "u"],
  },
  "of another domain": { attributes: { "example.org/productName": { string: "X1" } }, expected: ["X1"] },
  "of the driver before another domain": {
    attributes: {
      "a.example.org/model": { string: "A" },
      model: { string: "X1" },
      "b.example.org/uuid": { string: "u" },
    },
    expected: ["X1", undefined, "u"],
  },
  "by the more exact name, whatever its domain": {
    attributes: { model: { string: "0x740f" }, "example.org/productName": { string: "X1" } },
    expected: ["X1"],
  },
  "that are a number or a version": {
    attributes: { model: { int: 1550 }, profile: { version: "2.0.0" } },
    expected: ["1550", "2.0.0"],
  },
  "that are empty or have no text": {
    attributes: { productName: { string: "" }, model: { bool: true }, product: { string: "X1" } },
    expected: ["X1"],
  },
  "that no driver publishes": { attributes: { index: { int: 3 } }, expected: [] },
};

describe("the attributes of a device", () => {
  for (const [title, { attributes, expected }] of Object.entries(cases)) {
    it(title, () => {
      const [product, profile, uuid] = expected;
      const device = { attributes };
      assert.deepEqual(
        [productOf(driver, device), profileOf(driver, device), uuidOf(driver, device)],
        [product, profile, uuid],
      );
    });
  }
});
