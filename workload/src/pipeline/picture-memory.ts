/** Which pictures fit into the container's memory, alone and beside others. Pure. */
import { bytesForPictures, decodedBytesPerPixel } from "@gpumedia/api/src/picture-memory.ts";
import type { ModelContract } from "../core/model-contract.ts";
import { formats, type PictureFormat, type Size } from "../core/picture.ts";
import type { RawTensor } from "../core/tensor.ts";
import { mostFilling } from "../codec/webp-recovery.ts";
import { frameBytes } from "../core/video-frame.ts";
import { isWhole, pixelsPerTile, type Tile } from "../core/tiles.ts";
import { channelCount, isPixels } from "../inference/pixels.ts";

/** Even in a tiny container small pictures are tried, as its pages may be less full than estimated. */
const leastBytes = 16 * 1024 * 1024;

export interface MemoryBudget {
  /** For the pictures that are processed at the same time. */
  readonly pictureBytes: number;
  /** For the bodies of accepted requests: some hundreds of large uploads may wait. */
  readonly bodyBytes: number;
}

export function memoryBudget(memoryBytes: number, workers: number): MemoryBudget {
  const left = bytesForPictures(memoryBytes, workers);
  return { pictureBytes: Math.max(leastBytes, left), bodyBytes: Math.max(leastBytes, left / 4) };
}

export interface PictureWork extends Size {
  readonly format: PictureFormat;
  readonly fileBytes: number;
  readonly tiles: readonly Tile[];
}

/** The file itself, and up to two copies while a damaged one is repaired. */
const filesHeld = 3;

/** Returns the memory that a picture takes at its peak, by the format of its result: what the most demanding of its stages takes. */
export function pictureBytes(work: PictureWork, contract: ModelContract): (result: PictureFormat) => number {
  const { width, height, format, fileBytes } = work;
  const pixels = width * height;
  const decoded = pixels * decodedBytesPerPixel;
  const filling = format === "webp" ? mostFilling(pixels) : 0;
  const decoding = pixels * formats[format].readBytesPerPixel + filesHeld * fileBytes + filling;
  const { running, kept } = inferenceBytes(work, contract);
  const untilEncoding = Math.max(decoding, decoded + running);
  return (result) => {
    const encoding = decoded + kept + pixels * contract.scale ** 2 * formats[result].writeBytesPerPixel;
    return Math.max(untilEncoding, encoding);
  };
}

/** The memory that a frame of video takes at its peak: as it came, as RGB, in the model, and as it goes. */
export function frameMemoryBytes(size: Size, tiles: readonly Tile[], contract: ModelContract): number {
  const pixels = size.width * size.height;
  const { running, kept } = inferenceBytes({ ...size, tiles }, contract);
  const result = frameBytes({ width: size.width * contract.scale, height: size.height * contract.scale });
  return frameBytes(size) + pixels * 3 + Math.max(running, kept + result);
}

const elementBytes = { uint8: 1, float16: 2, float32: 4 } as const;

/** Of a picture's colours, before and after each row is enlarged: two floats a pixel. */
const chromaBytes = 8;

/**
 * Memory beside the decoded picture: while the model runs, and until the result is written (`inference/picture-inference.ts`). What is
 * inside the model is not known.
 */
function inferenceBytes(
  { width, height, tiles }: Pick<PictureWork, "width" | "height" | "tiles">,
  { input, output, scale }: ModelContract,
): { readonly running: number; readonly kept: number } {
  const [read, returned] = [channelCount(input), channelCount(output)];
  const pixels = width * height;
  const tilePixels = pixelsPerTile(tiles);
  const isOne = isWhole(tiles, { width, height });
  // Strips of rows are views of the picture, but for one that is padded.
  const isStrip = tiles[0]?.x.input.to === width && (tiles.at(-1)?.y.input.to ?? 0) <= height;
  const ofTile = tilePixels * ((isStrip ? 0 : read) + (isPixels(output) ? 0 : scale ** 2 * returned));
  const result = pixels * scale ** 2 * returned;
  const feed = isPixels(input) ? 0 : read * elementBytes[input.type];
  // onnxruntime-node copies what the model returns.
  const tensors = tilePixels * (feed + 2 * scale ** 2 * returned * elementBytes[output.type]);
  const running = isOne ? tensors : tensors + ofTile + result;
  const kept = isOne ? result : ofTile + result;
  if (returned === 3) return { running, kept };
  const brightness = pixels;
  const coloured = kept + brightness + pixels * scale ** 2 * 3;
  return {
    running: Math.max(running + brightness, coloured + pixels * chromaBytes * (1 + scale)),
    kept: coloured,
  };
}

/** The memory at the peak of a run on tensors: its input and output, each as bytes and as the runtime's tensor. */
export function tensorBytes(inputs: readonly RawTensor[], scale: number): number {
  return 2 * (1 + scale ** 2) * inputs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
