import assert from "node:assert/strict";
import type { TensorDeclaration } from "../work/tensor.ts";
import { fromTensor, toTensor } from "./layout.ts";
import { pictureModel } from "./picture-model.ts";

type Shape = TensorDeclaration["shape"];
const tensor = (name: string, type: TensorDeclaration["type"], shape: Shape): TensorDeclaration => ({
  name,
  type,
  shape,
});
const free = tensor("in", "uint8", ["n", "h", "w", 3]);

describe("a picture model", () => {
  it("is described by its tensors", () => {
    const model = pictureModel({ inputs: [free], outputs: [tensor("out", "float32", [1, 3, 448, -1])] });
    assert.deepEqual(model, {
      input: { name: "in", type: "uint8", order: "NHWC", batch: undefined, height: undefined, width: undefined },
      output: { name: "out", type: "float32", order: "NCHW", batch: 1, height: 448, width: undefined },
    });
  });

  const misfits: readonly (readonly [inputs: TensorDeclaration[], outputs: TensorDeclaration[], message: RegExp])[] = [
    [[], [free], /^0 inputs \(\): expected one$/],
    [[free, tensor("mask", "uint8", [1])], [free], /^2 inputs \(in, mask\): expected one$/],
    [[free], [], /^no output: expected at least one$/],
    [
      [tensor("x", "int64", [1, "h", "w", 3])],
      [free],
      /^input x is int64 of shape \[1, h, w, 3\]: expected uint8 or float32/,
    ],
    [[tensor("x", "uint8", [1, "h", "w", 4])], [free], /^input x is uint8 of shape \[1, h, w, 4\]: expected/],
    [[tensor("x", "uint8", [2, "h", "w", 3])], [free], /^input x .*: expected a batch size of 1 or a dynamic one$/],
    [[free], [tensor("scores", "float32", [1, 1000])], /^output scores is float32 of shape \[1, 1000\]: expected/],
  ];
  for (const [inputs, outputs, message] of misfits) {
    it(`is rejected: ${message.source}`, () => {
      assert.throws(() => pictureModel({ inputs, outputs }), { name: "ModelMismatch", message });
    });
  }
});

describe("pixels in a model's layout", () => {
  // Two pictures of 2x1: red 0 and 255, green 10, 20, and so on.
  const pixels = Uint8Array.of(0, 10, 1, 255, 20, 2, 3, 30, 5, 4, 40, 6);

  it("are the same bytes if nothing has to change", () => {
    assert.equal(toTensor(pixels, 2, { type: "uint8", order: "NHWC" }), pixels);
  });

  it("are split into planes", () => {
    assert.deepEqual(
      toTensor(pixels, 2, { type: "uint8", order: "NCHW" }),
      Uint8Array.of(0, 255, 10, 20, 1, 2, 3, 4, 30, 40, 5, 6),
    );
  });

  for (const type of ["uint8", "float32"] as const) {
    for (const order of ["NHWC", "NCHW"] as const) {
      it(`survive the round trip through ${type} ${order}`, () => {
        const target = new Uint8Array(pixels.length);
        fromTensor(target, toTensor(pixels, 2, { type, order }), 2, { type, order });
        assert.deepEqual(target, pixels);
      });
    }
  }

  it("are rounded and clamped", () => {
    const target = new Uint8Array(3);
    fromTensor(target, Float32Array.of(-1, 1.5, 0.5), 1, { type: "float32", order: "NHWC" });
    assert.deepEqual(target, Uint8Array.of(0, 255, 128));
  });
});
