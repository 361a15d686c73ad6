/** Models as exporters write them, each with a fault or a gap in its declaration; the contract is learned on a real session. */
import assert from "node:assert/strict";
import { elementType } from "../models/onnx-graph.ts";
import {
  bakedBatch,
  bakedSize,
  cropped,
  exchanged,
  modelFile,
  pictureModelBytes,
  reflected,
  resized,
  sigmoid,
  times,
  unshuffled,
  windows,
  type PictureModelParts,
} from "../testing/picture-models.ts";
import { seededRandom } from "../testing/random.ts";
import type { ModelContract, ModelOptions } from "../core/model-contract.ts";
import { learnContract } from "./learn-contract.ts";
import { openModel, type OpenedModel } from "./open-model.ts";
import { tileRules } from "../core/tile-rules.ts";
import { PictureInference } from "./picture-inference.ts";
import { openSession } from "./session.ts";
import { verifyContract } from "./verify-contract.ts";

const all4 = ["batch_size", "num_channels", "height", "width"];

async function opened(parts: PictureModelParts, options: Partial<ModelOptions> = {}): Promise<OpenedModel> {
  const session = await openSession(modelFile(pictureModelBytes(parts)), "cpu");
  const declared = await learnContract(session, options);
  const contract = options.verify === false ? declared : await verifyContract(session, declared);
  return { session, contract, optimization: "all" };
}

/** What was learned, in short. */
function short({ input, output, scale, fixed, sizeMultiple, smallestSide, batches }: ModelContract): string {
  const sizes =
    fixed.width === undefined && fixed.height === undefined
      ? `multiples of ${sizeMultiple} from ${smallestSide}`
      : `${fixed.width ?? "any"}x${fixed.height ?? "any"}`;
  const layout = (tensor: ModelContract["input"]) =>
    `${tensor.name} ${tensor.type} ${tensor.layout} ${tensor.channels}`;
  return `${layout(input)} to ${layout(output)} x${scale}, ${sizes}, ${batches ? "batches" : "one by one"}`;
}

const anyRgb = "input float32 NCHW RGB to output float32 NCHW RGB x2";

type Case<Expected> = readonly [
  title: string,
  parts: PictureModelParts,
  options: Partial<ModelOptions>,
  expected: Expected,
];

describe("a model's contract", () => {
  const cases: readonly Case<string>[] = [
    ["torch's dynamic axes", {}, {}, `${anyRgb}, multiples of 1 from 1, batches`],
    [
      "a batch of 1 in the graph of a traced model",
      { before: bakedBatch },
      {},
      `${anyRgb}, multiples of 1 from 1, one by one`,
    ],
    [
      "the size of the example in the graph of a traced model",
      { before: bakedSize(224) },
      {},
      `${anyRgb}, 224x224, batches`,
    ],
    [
      "all dimensions named, as by Optimum",
      { inputShape: all4, outputShape: ["batch_size", "num_channels", "height * 2", "width * 2"] },
      {},
      `${anyRgb}, multiples of 1 from 1, batches`,
    ],
    [
      "all output dimensions symbolic, as by tf2onnx, in TensorFlow's order",
      {
        inputShape: ["unk__1", "unk__2", "unk__3", 3],
        outputShape: ["unk__4", "unk__5", "unk__6", "unk__7"],
        scales: [1, 2, 2, 1],
      },
      {},
      "input float32 NHWC RGB to output float32 NHWC RGB x2, multiples of 1 from 1, batches",
    ],
    [
      "nothing known of any dimension, in TensorFlow's order",
      { inputShape: ["a", "b", "c", "d"], outputShape: ["e", "f", "g", "h"], scales: [1, 2, 2, 1] },
      {},
      "input float32 NHWC RGB to output float32 NHWC RGB x2, multiples of 1 from 1, batches",
    ],
    ["windows of 8 pixels", { before: windows(8) }, {}, `${anyRgb}, multiples of 8 from 8, batches`],
    [
      "windows of 12 pixels, which 64x64 is not",
      { before: windows(12) },
      {},
      `${anyRgb}, multiples of 12 from 12, batches`,
    ],
    ["windows of 7 patches of 4 pixels", { before: windows(28) }, {}, `${anyRgb}, multiples of 28 from 28, batches`],
    [
      "windows of 10 pixels, declared",
      { before: windows(10) },
      { sizeMultiple: 20 },
      `${anyRgb}, multiples of 20 from 20, batches`,
    ],
    ["Real-ESRGAN's pixel_unshuffle", { before: unshuffled }, {}, `${anyRgb}, multiples of 2 from 2, batches`],
    ["reflected edges of 8 pixels", { before: reflected(8) }, {}, `${anyRgb}, multiples of 1 from 16, batches`],
    [
      "a fixed size and a batch of 1",
      { inputShape: [1, 3, 96, 128], outputShape: [1, 3, 192, 256] },
      {},
      `${anyRgb}, 128x96, one by one`,
    ],
    ["one free side", { inputShape: [1, 3, 96, "width"] }, {}, `${anyRgb}, anyx96, one by one`],
    [
      "brightness alone, in the size of the ONNX model zoo's super-resolution-10",
      { inputShape: ["batch_size", 1, 224, 224], outputShape: ["batch_size", 1, 672, 672], scales: [1, 1, 3, 3] },
      {},
      "input float32 NCHW Luma to output float32 NCHW Luma x3, 224x224, batches",
    ],
    [
      "float16",
      { type: "FLOAT16" },
      {},
      "input float16 NCHW RGB to output float16 NCHW RGB x2, multiples of 1 from 1, batches",
    ],
    [
      "half the size, from even sizes only",
      { scales: [1, 1, 0.5, 0.5] },
      {},
      "input float32 NCHW RGB to output float32 NCHW RGB x0.5, multiples of 2 from 2, batches",
    ],
    [
      "a layout that the output has exchanged",
      { after: (graph, x) => graph.node("Transpose", [x], { perm: [0, 2, 3, 1] }), outputShape: ["b", "h", "w", 3] },
      {},
      "input float32 NCHW RGB to output float32 NHWC RGB x2, multiples of 1 from 1, batches",
    ],
    [
      "red and blue exchanged",
      { before: exchanged },
      {},
      "input float32 NCHW RGB to output float32 NCHW BGR x2, multiples of 1 from 1, batches",
    ],
    [
      "features before the picture, in another type",
      {
        more: [
          {
            port: { name: "features", shape: ["n", 3, 1, 1], type: "FLOAT16" },
            nodes: (graph, x) =>
              graph.node("Cast", [graph.node("GlobalAveragePool", [x])], { to: elementType("FLOAT16") }),
          },
        ],
        moreFirst: true,
      },
      {},
      `${anyRgb}, multiples of 1 from 1, batches`,
    ],
    ...[13, 17, 18, 19, 20, 21, 22, 23].map(
      (opset) => [`opset ${opset}`, { opset }, {}, `${anyRgb}, multiples of 1 from 1, batches`] as const,
    ),
  ];
  for (const [title, parts, options, expected] of cases) {
    it(`is learned: ${title}`, async () => assert.equal(short((await opened(parts, options)).contract), expected));
  }

  const refused: readonly Case<RegExp>[] = [
    [
      "numbers of 0 to 255, which is what made pictures white (open_model_zoo#1109)",
      { before: sigmoid(127.5, 64, 255) },
      {},
      /^its answer to a known picture is saturated \(\d+ % .* set model\.range: 0-255, with which it is not$/,
    ],
    [
      "numbers of 0 to 255 in the result alone",
      { after: times(255) },
      {},
      /is saturated .* set model\.range: 0-1 and model\.outputRange: 0-255, with which/,
    ],
    [
      "numbers of 0 to 1 in the result alone",
      { before: sigmoid(127.5, 64, 1) },
      { range: "0-255" },
      /is saturated .* set model\.range: 0-255 and model\.outputRange: 0-1, with which/,
    ],
    [
      "an answer without the picture",
      { after: (graph, x) => sigmoid(0, 1, 1)(graph, times(0)(graph, x)) },
      {},
      /is unrelated to it \(correlation 0\.00, limit 0\.5\), in every range: set model\.layout, .* or model\.verify: false/,
    ],
    [
      "edges that convolutions without padding take away",
      { before: cropped(7) },
      {},
      /^it enlarges 64x64 1\.5625 times and .* expected the same scale|^it returned output of shape \[1, 3, 100, .* expected the same scale/,
    ],
    ["a result of always the same size", { after: resized(300) }, {}, /expected the same scale for all sizes/],
    [
      "a multiple that is set too small",
      { before: windows(8) },
      { sizeMultiple: 4 },
      /^model\.sizeMultiple 4 does not fit: 64x64 works, but not 68x64: .*Reshape.*; set 8$/,
    ],
    [
      "half of the windows that no trial without it finds",
      { before: windows(100) },
      { sizeMultiple: 50 },
      /^model\.sizeMultiple 50 does not fit: 100x100 works, but not 150x100: .*Reshape.*; set 100$/,
    ],
    [
      "a declared size that does not work, for which no multiple is advised",
      { inputShape: [1, 3, 50, 50], scales: [1, 1, 2, 3] },
      {},
      /^it takes no picture of the 1 layouts and sizes that were tried \(NCHW RGB 50x50\): .*; set model\.layout and/,
    ],
    [
      "sizes of which none was tried",
      { before: windows(1000) },
      {},
      /^it takes no picture of the 18 layouts and sizes that were tried \(NCHW RGB 64x64, .*Reshape.*; set model\.sizeMultiple to .* or to its side if it takes only one size, and model\.layout/,
    ],
  ];
  for (const [title, parts, options, message] of refused) {
    it(`is refused, with the reason: ${title}`, async () => {
      await assert.rejects(opened(parts, options), { name: "ModelMismatch", message });
    });
  }

  const advised: readonly (readonly [title: string, parts: PictureModelParts, advice: number, expected: string])[] = [
    ["a size of 50x50 in the graph alone", { before: bakedSize(50) }, 50, `${anyRgb}, 50x50, batches`],
    ["a size of 100x100 in the graph alone", { before: bakedSize(100) }, 100, `${anyRgb}, 100x100, batches`],
    ["windows of 50 pixels", { before: windows(50) }, 50, `${anyRgb}, multiples of 50 from 50, batches`],
    ["windows of 100 pixels", { before: windows(100) }, 100, `${anyRgb}, multiples of 100 from 100, batches`],
  ];
  for (const [title, parts, advice, expected] of advised) {
    it(`is learned with the setting that the refusal advises: ${title}`, async () => {
      const message =
        /set model\.sizeMultiple to the number that its sides are multiples of, or to its side if it takes/;
      await assert.rejects(opened(parts), { name: "ModelMismatch", message });
      assert.equal(short((await opened(parts, { sizeMultiple: advice })).contract), expected);
    });
  }

  it("is learned for the only size that works, of which half is declared", async () => {
    const { contract } = await opened({ before: bakedSize(64) }, { sizeMultiple: 32 });
    assert.equal(short(contract), `${anyRgb}, 64x64, batches`);
  });

  it("accepts any answer if the check is switched off", async () => {
    const { contract } = await opened({ after: times(255) }, { verify: false });
    assert.equal(contract.output.range, "0-1");
  });

  it("is passed on to the other workers, which do not learn it again", async () => {
    const file = modelFile(pictureModelBytes({ before: windows(8) }));
    const options = { overlap: 16, verify: true, warmUpSizes: [] };
    const { session, ...learned } = await openModel({ file, accelerator: "cpu", options });
    await session.release();
    const second = await openModel({ file, accelerator: "cpu", options, learned: structuredClone(learned) });
    assert.deepEqual({ optimization: second.optimization, contract: second.contract }, learned);
  });
});

/** Each pixel `scale` times in both directions. */
function enlarged(rgb: Uint8Array, width: number, height: number, scale: number): Uint8Array {
  const result = new Uint8Array(rgb.length * scale * scale);
  for (let y = 0; y < height * scale; y++) {
    for (let x = 0; x < width * scale; x++) {
      const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * 3;
      result.set(rgb.subarray(from, from + 3), (y * width * scale + x) * 3);
    }
  }
  return result;
}

function noise(pixels: number): Buffer {
  const random = seededRandom(5);
  return Buffer.from(Uint8Array.from({ length: pixels * 3 }, () => Math.floor(random() * 256)));
}

describe("pictures of any size", () => {
  const models: readonly (readonly [title: string, parts: PictureModelParts, options?: Partial<ModelOptions>])[] = [
    ["any size", {}],
    ["windows of 8 pixels", { before: windows(8) }],
    ["windows of 12 pixels", { before: windows(12) }],
    ["even sides", { before: unshuffled }],
    ["reflected edges", { before: reflected(8) }],
    ["a fixed size", { inputShape: [1, 3, 48, 64] }],
    ["the size of its example", { before: bakedSize(64) }],
    ["the size of its example, declared", { before: bakedSize(50) }, { sizeMultiple: 50 }],
    ["one free side", { inputShape: [1, 3, 48, "width"] }],
    ["a tile that is set", { before: windows(8) }, { tile: 40, overlap: 5 }],
    ["float16", { type: "FLOAT16" }],
    ["BGR", { before: exchanged }],
    ["numbers of 0 to 255", {}, { range: "0-255" }],
    ["numbers of -1 to 1", {}, { range: "-1-1" }],
  ];
  for (const [title, parts, options = {}] of models) {
    for (const bucketed of [false, true]) {
      it(`go through a model with ${title}${bucketed ? ", in buckets" : ""}, one by one and together`, async () => {
        const { session, contract } = await opened(parts, options);
        const rules = { ...tileRules(contract, { overlap: 16, ...options }, null, "cpu"), bucketed };
        const inference = new PictureInference(session, contract, rules);
        for (const [width, height] of [
          [1, 1],
          [191, 127],
          [64, 48],
          [7, 300],
        ] as const) {
          for (const count of contract.batches ? [1, 3] : [1]) {
            const rgb = noise(width * height * count);
            const result = await inference.run(rgb, count, { width, height });
            const expected = Array.from({ length: count }, (_, index) => {
              const each = rgb.length / count;
              return enlarged(rgb.subarray(index * each, (index + 1) * each), width, height, 2);
            });
            assert.deepEqual([result.width, result.height], [width * 2, height * 2]);
            assert.ok(Buffer.concat(expected).equals(result.rgb), `${count} of ${width}x${height}`);
          }
        }
      });
    }
  }

  it("keep their colours in a model of brightness", async () => {
    const { session, contract } = await opened({
      inputShape: [1, 1, 64, 64],
      outputShape: [1, 1, 192, 192],
      scales: [1, 1, 3, 3],
    });
    const inference = new PictureInference(session, contract, tileRules(contract, { overlap: 4 }, null, "cpu"));
    for (const colour of [
      [200, 60, 40],
      [10, 20, 250],
      [255, 255, 255],
      [0, 0, 0],
    ]) {
      const rgb = Buffer.from(Array.from({ length: 100 * 30 }, () => colour).flat());
      const result = await inference.run(rgb, 1, { width: 100, height: 30 });
      assert.deepEqual([result.width, result.height], [300, 90]);
      const largest = result.rgb.reduce(
        (most, byte, index) => Math.max(most, Math.abs(byte - (colour[index % 3] ?? 0))),
        0,
      );
      assert.ok(largest <= 1, `${colour.join()}: ${largest} levels off`);
    }
  });
});
