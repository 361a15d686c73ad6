import assert from "node:assert/strict";
import { channelOrders, layouts, ranges } from "../core/model-contract.ts";
import { fromTensor, toTensor, type PixelFormat } from "./pixels.ts";

describe("pixels in a model's format", () => {
  // Two pictures of 2x1: red 0 and 255, green 10, 20, and so on.
  const pixels = Uint8Array.of(0, 10, 1, 255, 20, 2, 3, 30, 5, 4, 40, 6);
  const usual: PixelFormat = { type: "uint8", layout: "NHWC", channels: "RGB", range: "0-255" };

  it("are the same bytes if nothing has to change", () => {
    assert.equal(toTensor(pixels, 2, usual), pixels);
    assert.equal(toTensor(pixels, 2, { ...usual, layout: "NCHW", channels: "Luma" }), pixels);
  });

  it("are split into planes", () => {
    assert.deepEqual(
      toTensor(pixels, 2, { ...usual, layout: "NCHW" }),
      Uint8Array.of(0, 255, 10, 20, 1, 2, 3, 4, 30, 40, 5, 6),
    );
  });

  it("have blue first if the model's authors used OpenCV", () => {
    const planes = toTensor(pixels, 2, { ...usual, layout: "NCHW", channels: "BGR" });
    assert.deepEqual(planes, Uint8Array.of(1, 2, 10, 20, 0, 255, 5, 6, 30, 40, 3, 4));
    const interleaved = toTensor(pixels, 2, { ...usual, channels: "BGR" });
    assert.deepEqual(interleaved, Uint8Array.of(1, 10, 0, 2, 20, 255, 5, 30, 3, 6, 40, 4));
  });

  const numbers: readonly (readonly [range: PixelFormat["range"], expected: readonly number[]])[] = [
    ["0-1", [0, 0.2, 1]],
    ["0-255", [0, 51, 255]],
    ["-1-1", [-1, -0.6, 1]],
  ];
  for (const [range, expected] of numbers) {
    it(`are numbers of ${range}`, () => {
      const bytes = Uint8Array.of(0, 51, 255);
      assert.deepEqual(toTensor(bytes, 1, { ...usual, type: "float32", range }), Float32Array.from(expected));
      const halves = toTensor(bytes, 1, { ...usual, type: "float16", range });
      assert.deepEqual(new Float16Array(halves.buffer as ArrayBuffer), Float16Array.from(expected));
    });
  }

  it("survive the round trip through every format", () => {
    for (const type of ["uint8", "float32", "float16"] as const) {
      for (const layout of layouts) {
        for (const channels of channelOrders) {
          for (const range of type === "uint8" ? (["0-255"] as const) : ranges) {
            const format = { type, layout, channels, range };
            const target = new Uint8Array(pixels.length);
            fromTensor(target, toTensor(pixels, 2, format), 2, format);
            assert.deepEqual(target, pixels, JSON.stringify(format));
          }
        }
      }
    }
  });

  it("are rounded and clamped; what is not a number is black", () => {
    const target = new Uint8Array(4);
    const float = { ...usual, type: "float32", channels: "Luma", range: "0-1" } as const;
    fromTensor(target, Float32Array.of(-1, 1.5, 0.5, Number.NaN), 1, float);
    assert.deepEqual(target, Uint8Array.of(0, 255, 128, 0));
    const halves = new Uint16Array(Float16Array.of(-1, 1.5, 0.5, Number.NaN).buffer);
    fromTensor(target, halves, 1, { ...float, type: "float16" });
    assert.deepEqual(target, Uint8Array.of(0, 255, 128, 0));
  });
});
