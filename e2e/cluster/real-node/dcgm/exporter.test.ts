import assert from "node:assert/strict";
import { dcgmField, profilingFields } from "@gpumedia/operator/src/desired/dcgm-fields.ts";
import { exposition } from "./exposition.ts";
import { fields, parseState } from "./fields.ts";
import { parseList } from "./list.ts";
import { holdersOf } from "./pod-resources.ts";

const known = new Set(Object.keys(fields));

describe("the stand-in for the DCGM exporter", () => {
  it("knows no field that the operator would not write", () => {
    assert.deepEqual(
      [...known].filter((name) => dcgmField(name)?.name !== name),
      [],
    );
    assert.ok(
      profilingFields.every((name) => !known.has(name)),
      "the mock has no profiling figures",
    );
  });

  it("rejects unknown fields and malformed lines", () => {
    assert.throws(() => parseList("DCGM_FI_DEV_NONE, gauge, nothing\n", known), /could not find DCGM field/);
    assert.throws(() => parseList("DCGM_FI_DEV_GPU_UTIL, gauge\n", known), /malformed line/);
    assert.throws(() => parseList("DCGM_FI_DEV_GPU_UTIL, gauge, one, two\n", known), /malformed line/);
  });

  it("exports the listed fields of every GPU that responds, with the pod that uses it", () => {
    const list = parseList("# GPUs\nDCGM_FI_DEV_POWER_USAGE, gauge, Power draw in watts\n", known);
    const gpus = parseState("gpu.0.uuid A\ngpu.0.power-milliwatts 16500\ngpu.1.uuid B\ngpu.1.error GPU_IS_LOST\n");
    const holders = new Map([["A", { namespace: "media", pod: "p", container: "c" }]]);
    assert.equal(
      exposition(list, gpus, holders, "n"),
      `# HELP DCGM_FI_DEV_POWER_USAGE Power draw in watts
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="A",device="nvidia0",modelName="",Hostname="n",namespace="media",pod="p",container="c"} 16.5
`,
    );
  });

  it("reads the devices' containers from the kubelet's response", () => {
    const field = (number: number, value: Buffer): Buffer =>
      Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
    const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));
    const device = Buffer.concat([text(1, "nvidia.com/gpu"), text(2, "A"), text(2, "B")]);
    const container = Buffer.concat([text(1, "c"), field(2, device)]);
    const pod = Buffer.concat([text(1, "p"), text(2, "media"), field(3, container)]);
    const holder = { namespace: "media", pod: "p", container: "c" };
    assert.deepEqual(
      [...holdersOf(field(1, pod))],
      [
        ["A", holder],
        ["B", holder],
      ],
    );
  });
});
