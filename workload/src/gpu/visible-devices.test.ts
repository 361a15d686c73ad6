import assert from "node:assert/strict";
import { namesDevices, type SeenDevice, visibleDevices } from "./visible-devices.ts";

function gpu(index: number, uuid: string | null = `GPU-${index}`): SeenDevice {
  return { identity: { index, uuid, name: "NVIDIA L4", mig: null }, parentUuid: null };
}

function mig(index: number, migIndex: number): SeenDevice {
  const instances = { gpuInstance: 7 + migIndex, computeInstance: 0 };
  const identity = { index, uuid: `MIG-${index}-${migIndex}`, name: null, mig: { index: migIndex, ...instances } };
  return { identity, parentUuid: `GPU-${index}` };
}

describe("visible devices", () => {
  const four = [gpu(0), gpu(1), gpu(2), gpu(3)];
  const sliced = [mig(0, 0), mig(0, 1), gpu(1)];
  interface Case {
    readonly variable: string | undefined;
    readonly seen: readonly SeenDevice[];
    /** Indices into `seen`. */
    readonly visible: readonly number[];
  }
  const cases: Readonly<Record<string, Case>> = {
    "unset: all that NVML shows": { variable: undefined, seen: four, visible: [0, 1, 2, 3] },
    empty: { variable: "", seen: four, visible: [0, 1, 2, 3] },
    all: { variable: "all", seen: four, visible: [0, 1, 2, 3] },
    "void, as CDI sets it": { variable: "void", seen: four.slice(0, 1), visible: [0] },
    none: { variable: "none", seen: four, visible: [] },
    "a UUID, as the device plugin sets it": { variable: "GPU-2", seen: four, visible: [2] },
    "UUIDs with blanks": { variable: " GPU-3, GPU-0 ", seen: four, visible: [0, 3] },
    "an unknown UUID": { variable: "GPU-9", seen: four, visible: [] },
    "indices on a host that shows more": { variable: "1,3", seen: four, visible: [1, 3] },
    "a host index in a container with that GPU alone": {
      variable: "3",
      seen: [gpu(0)],
      visible: [0],
    },
    "two host indices in a container with two GPUs": {
      variable: "2,3",
      seen: four.slice(0, 2),
      visible: [0, 1],
    },
    "a MIG device by UUID": { variable: "MIG-0-1", seen: sliced, visible: [1] },
    "a MIG device by the old form of its UUID": { variable: "MIG-GPU-0/8/0", seen: sliced, visible: [1] },
    "a MIG device by index": { variable: "0:1", seen: sliced, visible: [1] },
    "a host MIG index in a container with that device alone": {
      variable: "0:1",
      seen: [mig(0, 0)],
      visible: [0],
    },
    "a GPU's UUID includes its MIG devices": { variable: "GPU-0", seen: sliced, visible: [0, 1] },
    "a GPU's index includes its MIG devices": { variable: "0", seen: sliced, visible: [0, 1] },
    "a GPU without a readable UUID is included": {
      variable: "GPU-1",
      seen: [gpu(0, null), gpu(1)],
      visible: [0, 1],
    },
  };
  for (const [name, { variable, seen, visible }] of Object.entries(cases)) {
    it(name, () => {
      assert.deepEqual(
        visibleDevices(variable, seen).map((device) => seen.indexOf(device)),
        visible,
      );
    });
  }
});

describe("specific devices", () => {
  const cases: readonly (readonly [variable: string | undefined, named: boolean])[] = [
    [undefined, false],
    ["", false],
    ["all", false],
    ["void", false],
    ["none", false],
    ["0", true],
    ["0:1", true],
    ["GPU-1,GPU-2", true],
    [" MIG-1", true],
  ];
  for (const [variable, named] of cases) {
    it(`are ${named ? "" : "not "}named by ${JSON.stringify(variable)}`, () =>
      assert.equal(namesDevices(variable), named));
  }
});
