/** Runs a model on pictures: cuts and pads them as the model needs, converts them, reuses memory. */
import { discard, Scratch } from "../core/buffers.ts";
import type { Size } from "../core/picture.ts";
import type { ModelContract, PictureTensor } from "../core/model-contract.ts";
import { isWhole, tilesOf, type TileRules } from "../core/tiles.ts";
import { lumaOf, recolour } from "./luma.ts";
import { channelCount, fromTensor, isPixels, toTensor, type Elements } from "./pixels.ts";
import { discardOutputs, type ModelSession, type Outputs } from "./session.ts";
import { tensor } from "./tensors.ts";
import { gather, place, scaledSide, tileSize, type Pictures } from "./tile-copy.ts";

/** Consecutive pictures of one size, three bytes a pixel; valid until the next run. */
export interface Pixels extends Size {
  readonly rgb: Buffer;
}

export class PictureInference {
  readonly #session: ModelSession;
  readonly #contract: ModelContract;
  readonly #rules: TileRules;
  readonly #tile = new Scratch();
  readonly #answer = new Scratch();
  readonly #result = new Scratch();
  readonly #rgb = new Scratch();
  /** The shapes of all runs, where each new one costs time. */
  readonly #shapes = new Set<string>();
  #coldRuns = 0;
  /** The outputs of the last run. */
  #outputs: Outputs = {};

  constructor(session: ModelSession, contract: ModelContract, rules: TileRules) {
    this.#session = session;
    this.#contract = contract;
    this.#rules = rules;
  }

  releaseMemory(): void {
    for (const scratch of [this.#tile, this.#answer, this.#result, this.#rgb]) scratch.release();
    this.#discardOutputs();
  }

  /** Whether new shapes cost time, so that there should be few. */
  get bucketed(): boolean {
    return this.#rules.bucketed;
  }

  /** Returns how many runs since the last call had a shape that none had before; 0 if shapes cost nothing. */
  takeColdRuns(): number {
    const count = this.#coldRuns;
    this.#coldRuns = 0;
    return count;
  }

  /** `rgb`: `count` pictures of `size`, one after another. */
  async run(rgb: Buffer, count: number, size: Size): Promise<Pixels> {
    const channels = channelCount(this.#contract.input);
    const pixels = channels === 3 ? rgb : lumaOf(rgb);
    const result = await this.#tiled({ pixels, count, channels, ...size });
    const { width, height } = result;
    if (result.channels === 3) return { rgb: asBuffer(result.pixels), width, height };
    const coloured = this.#rgb.take(width * height * 3 * count);
    for (let picture = 0; picture < count; picture++) {
      const part = (bytes: Uint8Array): Uint8Array => partOf(bytes, picture, count);
      if (channels === 1) recolour(part(coloured), part(result.pixels), result, part(rgb), size);
      else repeat(part(coloured), part(result.pixels));
    }
    return { rgb: coloured, width, height };
  }

  async #tiled(pictures: Pictures): Promise<Pictures> {
    const tiles = tilesOf(pictures, this.#rules);
    if (isWhole(tiles, pictures)) return this.#infer(pictures);
    const { scale } = this.#contract;
    const width = scaledSide(pictures.width, scale);
    const height = scaledSide(pictures.height, scale);
    let result: Pictures | undefined;
    for (const tile of tiles) {
      const answer = await this.#infer(this.#gathered(pictures, tile));
      const { count, channels } = answer;
      result ??= { pixels: this.#result.take(width * height * channels * count), count, channels, width, height };
      place(result, tile, answer, scale);
      this.#discardOutputs();
    }
    if (result === undefined) throw new Error("the picture has no pixels");
    return result;
  }

  #gathered(pictures: Pictures, tile: Parameters<typeof gather>[2]): Pictures {
    const { count, channels, pixels, width, height } = pictures;
    const size = tileSize(tile);
    const { input } = tile.y;
    const isStrip = count === 1 && size.width === width && input.to <= height;
    if (isStrip) {
      const row = width * channels;
      return { ...pictures, ...size, pixels: pixels.subarray(input.from * row, input.to * row) };
    }
    const target = this.#tile.take(size.width * size.height * channels * count);
    gather(target, pictures, tile);
    return { ...pictures, ...size, pixels: target };
  }

  /** One run, on pictures of a size that the model takes. */
  async #infer({ pixels, count, width, height }: Pictures): Promise<Pictures> {
    const { input, output, scale } = this.#contract;
    this.#discardOutputs();
    const dims = tensorDims(input, count, { width, height });
    if (this.#rules.bucketed && !this.#shapes.has(dims.join())) {
      this.#shapes.add(dims.join());
      this.#coldRuns++;
    }
    const elements = toTensor(pixels, count, input);
    const outputs = await this.#session.run({ [input.name]: tensor(input.type, elements, dims) });
    this.#outputs = outputs;
    // Left to the garbage collector, tensors of floats would add several times the picture's memory to what comes next.
    if (elements !== pixels) discard(elements);
    const result = outputs[output.name];
    if (result === undefined) throw new Error(`the model returned no ${output.name}`);
    const size = { width: scaledSide(width, scale), height: scaledSide(height, scale) };
    const expected = tensorDims(output, count, size);
    if (result.dims.join() !== expected.join()) {
      throw new Error(
        `the model returned ${output.name} of shape [${result.dims.join(", ")}] instead of [${expected.join(", ")}]`,
      );
    }
    const channels = channelCount(output);
    const numbers = elementsOf(result.data as NodeJS.TypedArray, output);
    if (isPixels(output)) return { pixels: numbers as Uint8Array, count, channels, ...size };
    const bytes = this.#answer.take(numbers.length);
    fromTensor(bytes, numbers, count, output);
    this.#discardOutputs();
    return { pixels: bytes, count, channels, ...size };
  }

  #discardOutputs(): void {
    discardOutputs(this.#outputs);
    this.#outputs = {};
  }
}

/** The shape of a tensor of `count` pictures. */
export function tensorDims(
  { layout, channels }: Pick<PictureTensor, "layout" | "channels">,
  count: number,
  { width, height }: Size,
): readonly number[] {
  const channelAxis = channelCount({ channels });
  return layout === "NHWC" ? [count, height, width, channelAxis] : [count, channelAxis, height, width];
}

/** onnxruntime returns float16 as numbers; their bits are read from the same memory. */
function elementsOf(data: NodeJS.TypedArray, { type }: Pick<PictureTensor, "type">): Elements {
  if (type === "float16") return new Uint16Array(data.buffer, data.byteOffset, data.length);
  return data as Elements;
}

function partOf(bytes: Uint8Array, index: number, count: number): Uint8Array {
  const each = bytes.length / count;
  return bytes.subarray(index * each, (index + 1) * each);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Grey as RGB. */
function repeat(rgb: Uint8Array, grey: Uint8Array): void {
  for (let index = 0; index < rgb.length; index++) rgb[index] = grey[Math.floor(index / 3)] ?? 0;
}
