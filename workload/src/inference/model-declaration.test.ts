import assert from "node:assert/strict";
import type { TensorDeclaration } from "../core/tensor.ts";
import { candidatesOf, resultOf } from "./model-declaration.ts";

type Shape = TensorDeclaration["shape"];
const tensor = (name: string, type: TensorDeclaration["type"], shape: Shape): TensorDeclaration => ({
  name,
  type,
  shape,
});
const free = tensor("in", "uint8", ["n", "h", "w", 3]);
const output = [tensor("out", "float32", [1, 3, 448, -1])];

/** Layout and channels of the candidates, the most likely first. */
function inputsOf(type: TensorDeclaration["type"], shape: Shape, settings = {}): readonly string[] {
  const { inputs } = candidatesOf({ inputs: [tensor("x", type, shape)], outputs: output }, settings);
  return inputs.map(({ input, fixed, batches }) => {
    const size = `${fixed.width ?? "any"}x${fixed.height ?? "any"}`;
    return `${input.layout} ${input.channels} ${size}${batches ? "" : " one"}`;
  });
}

describe("a model's declaration", () => {
  it("describes its tensors", () => {
    assert.deepEqual(candidatesOf({ inputs: [free], outputs: output }, { range: "-1-1" }), {
      inputs: [
        {
          input: { name: "in", type: "uint8", layout: "NHWC", channels: "RGB", range: "0-255" },
          fixed: { width: undefined, height: undefined },
          batches: true,
        },
      ],
      outputs: [{ name: "out", type: "float32", range: "-1-1" }],
    });
  });

  const layouts: readonly (readonly [title: string, shape: Shape, expected: readonly string[]])[] = [
    ["torch's dynamic axes", ["batch", 3, "height", "width"], ["NCHW RGB anyxany"]],
    ["a batch of 1 and a fixed size", [1, 3, 128, 256], ["NCHW RGB 256x128 one"]],
    ["the ONNX model zoo's super-resolution-10", ["batch_size", 1, 224, 224], ["NCHW Luma 224x224"]],
    ["TensorFlow's order", [1, 224, 224, 3], ["NHWC RGB 224x224 one"]],
    [
      "Optimum's names",
      ["batch_size", "num_channels", "height", "width"],
      ["NCHW RGB anyxany", "NCHW Luma anyxany", "NHWC RGB anyxany", "NHWC Luma anyxany"],
    ],
    [
      "Optimum's names in TensorFlow's order",
      ["batch_size", "height", "width", "num_channels"],
      ["NHWC RGB anyxany", "NHWC Luma anyxany", "NCHW RGB anyxany", "NCHW Luma anyxany"],
    ],
    [
      "tf2onnx's unknown dimensions",
      ["unk__1", "unk__2", "unk__3", "unk__4"],
      ["NCHW RGB anyxany", "NHWC RGB anyxany", "NCHW Luma anyxany", "NHWC Luma anyxany"],
    ],
    ["no shape at all", [], ["NCHW RGB anyxany", "NHWC RGB anyxany", "NCHW Luma anyxany", "NHWC Luma anyxany"]],
  ];
  for (const [title, shape, expected] of layouts) {
    it(`gives the layout: ${title}`, () => assert.deepEqual(inputsOf("float32", shape), expected));
  }

  it("leaves to the settings what it does not give", () => {
    const shape = ["a", "b", "c", "d"];
    assert.deepEqual(inputsOf("float16", shape, { layout: "NHWC", channels: "BGR" }), ["NHWC BGR anyxany"]);
    assert.deepEqual(inputsOf("float32", shape, { layout: "NCHW", channels: "Luma" }), ["NCHW Luma anyxany"]);
  });

  it("may have features before the picture", () => {
    const outputs = [tensor("features", "float32", ["n", 512]), tensor("scores", "int64", ["n"]), ...output];
    assert.deepEqual(
      candidatesOf({ inputs: [free], outputs }, {}).outputs.map(({ name }) => name),
      ["out"],
    );
  });

  const misfits: readonly (readonly [inputs: TensorDeclaration[], outputs: TensorDeclaration[], message: RegExp])[] = [
    [[], [free], /^0 inputs \(\): expected one$/],
    [[free, tensor("mask", "uint8", [1])], [free], /^2 inputs \(in, mask\): expected one$/],
    [[free], [], /^no output: expected at least one$/],
    [
      [tensor("x", "int64", [1, "h", "w", 3])],
      [free],
      /^input x is int64 of shape \[1, h, w, 3\]: expected uint8, float32 or float16/,
    ],
    [[tensor("x", "uint8", [1, "h", "w", 4])], [free], /^input x is uint8 of shape \[1, h, w, 4\]: .* channels/],
    [[tensor("x", "uint8", [2, "h", "w", 3])], [free], /^input x .*: expected a batch size of 1 or a dynamic one$/],
    [[free], [tensor("scores", "float32", [1, 1000])], /^output scores is float32 of shape \[1, 1000\]: expected/],
  ];
  for (const [inputs, outputs, message] of misfits) {
    it(`is rejected: ${message.source}`, () => {
      assert.throws(() => candidatesOf({ inputs, outputs }, {}), { name: "ModelMismatch", message });
    });
  }

  it("is rejected if the settings contradict it", () => {
    assert.throws(() => inputsOf("uint8", ["n", "h", "w", 3], { layout: "NCHW" }), {
      name: "ModelMismatch",
      message: /, with model\.layout NCHW$/,
    });
  });
});

describe("the result of a picture of 8x6", () => {
  const { inputs } = candidatesOf({ inputs: [tensor("x", "float32", ["n", 3, "h", "w"])], outputs: output }, {});
  const results: readonly (readonly [dims: readonly number[], result: ReturnType<typeof resultOf>])[] = [
    [[1, 3, 12, 16], { layout: "NCHW", channelCount: 3, scale: 2 }],
    [[1, 12, 16, 3], { layout: "NHWC", channelCount: 3, scale: 2 }],
    [[1, 1, 3, 4], { layout: "NCHW", channelCount: 1, scale: 0.5 }],
    [[1, 3, 16, 12], undefined],
    [[2, 3, 12, 16], undefined],
    [[1, 64, 12, 16], undefined],
    [[1, 1000], undefined],
  ];
  for (const [dims, result] of results) {
    it(`is ${result === undefined ? "none" : `${result.layout}, ${result.scale} times as large`}: [${dims.join(", ")}]`, () => {
      const [candidate] = inputs;
      assert.ok(candidate);
      assert.deepEqual(resultOf(dims, candidate, { width: 8, height: 6 }), result);
    });
  }
});
