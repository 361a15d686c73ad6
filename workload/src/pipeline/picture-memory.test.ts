import assert from "node:assert/strict";
import { memoryForPixels } from "@gpumedia/api";
import type { ModelContract, PictureTensor } from "../core/model-contract.ts";
import type { PictureFormat } from "../core/picture.ts";
import { tilesOf, type TileRules } from "../core/tiles.ts";
import { memoryBudget, pictureBytes } from "./picture-memory.ts";

const pixels: PictureTensor = { name: "picture", type: "uint8", layout: "NHWC", channels: "RGB", range: "0-255" };

interface Case {
  readonly title: string;
  readonly tensor?: Partial<PictureTensor>;
  readonly scale?: number;
  readonly rules?: Partial<TileRules>;
  readonly from?: PictureFormat;
  readonly to?: PictureFormat;
  readonly fileBytes?: number;
  /** For each pixel of the picture. */
  readonly expected: number;
}

const size = { width: 1024, height: 1024 };

function perPixel({ tensor = {}, scale = 2, rules = {}, from = "jpeg", to = "jpeg", fileBytes = 0 }: Case): number {
  const fixed = { width: undefined, height: undefined };
  const both = { ...pixels, ...tensor };
  const contract: ModelContract = {
    input: both,
    output: both,
    scale,
    fixed,
    sizeMultiple: 1,
    smallestSide: 1,
    trial: size,
    batches: true,
  };
  const anySize = { fixed, sizeMultiple: 1, smallestSide: 1, tile: undefined, overlap: 0, stripPixels: undefined };
  const tiles = tilesOf(size, { ...anySize, bucketed: false, ...rules });
  return pictureBytes({ ...size, format: from, fileBytes, tiles }, contract)(to) / 2 ** 20;
}

describe("the memory reserved for a picture", () => {
  const strips = { stripPixels: 65_536 };
  const cases: readonly Case[] = [
    {
      title: "of a model on bytes in strips is what writing the result takes",
      rules: strips,
      expected: 4 + 4 * (3 + 2),
    },
    { title: "counts the format of the result", rules: strips, to: "avif", expected: 4 + 4 * (3 + 35) },
    { title: "is at least what decoding takes", rules: strips, scale: 1, from: "avif", expected: 31 },
    { title: "counts the file", rules: strips, scale: 1, from: "png", fileBytes: 2 ** 20, expected: 20 + 3 },
    { title: "counts the output of a whole picture twice", expected: 4 + 4 * 2 * 3 },
    {
      title: "counts the tensors of a model on floats",
      tensor: { type: "float32", layout: "NCHW", range: "0-1" },
      expected: 4 + 12 + 4 * 2 * 12,
    },
    {
      title: "counts the tensors of a model on float16",
      tensor: { type: "float16", layout: "NCHW", range: "0-1" },
      expected: 4 + 6 + 4 * 2 * 6,
    },
    {
      title: "counts the tensors of one tile",
      tensor: { type: "float32", layout: "NCHW", range: "0-1" },
      rules: { tile: 512 },
      // A quarter of the pixels: the tile and its result in bytes, and as floats.
      expected: 4 + 12 + (3 + 12 + 12 + 4 * 2 * 12) / 4,
    },
    {
      title: "counts the tile of a picture that is padded below",
      rules: { sizeMultiple: 1536, fixed: { width: 1024, height: undefined } },
      // One and a half times the rows: the tile and its result, kept beside the whole result while that is written.
      expected: 4 + 12 + 1.5 * (3 + 2 * 4 * 3),
    },
    {
      title: "counts what a WebP that is cut off is filled with",
      rules: strips,
      scale: 1,
      from: "webp",
      fileBytes: 2 ** 20,
      expected: 16 + 3 + 8 + 4096 / 2 ** 20,
    },
    {
      title: "counts the colours that a result of brightness gets",
      tensor: { type: "float32", layout: "NCHW", channels: "Luma", range: "0-1" },
      expected: 4 + 4 + 1 + 12 + 8 * 3,
    },
  ];
  for (const one of cases) it(one.title, () => assert.equal(perPixel(one), one.expected));

  it("of a photograph in a built-in model is what the operator's formula states, no more and no less", () => {
    const phone = { width: 8192, height: 6144 };
    const needed = memoryForPixels(phone.width * phone.height, 4);
    const fixed = { width: undefined, height: undefined };
    const contract = {
      input: pixels,
      output: pixels,
      scale: 2,
      fixed,
      sizeMultiple: 1,
      smallestSide: 1,
      batches: true,
    };
    const rules = { fixed, sizeMultiple: 1, smallestSide: 1, tile: undefined, overlap: 8, bucketed: false, ...strips };
    const work = { ...phone, format: "jpeg", fileBytes: 32 * 2 ** 20, tiles: tilesOf(phone, rules) } as const;
    assert.equal(memoryBudget(needed, 4).pictureBytes, pictureBytes(work, { ...contract, trial: phone })("jpeg"));
  });
});
