/** Runs a model on pixels: converts the layout, reuses memory, cuts large pictures into strips. */
import { Scratch } from "../work/buffers.ts";
import { strips } from "../work/grouping.ts";
import { fromTensor, toTensor } from "./layout.ts";
import type { PictureModel } from "./picture-model.ts";
import { discardOutputs, type ModelSession, type Outputs } from "./session.ts";
import { tensor } from "./tensors.ts";

/** Consecutive pictures of one size, three bytes a pixel; valid until the next run. */
export interface Pixels {
  readonly rgb: Buffer;
  readonly width: number;
  readonly height: number;
}

export class PictureInference {
  readonly #session: ModelSession;
  readonly #model: PictureModel;
  readonly #receptiveRadius: number | null;
  readonly #output = new Scratch();
  /** The outputs of the last run. */
  #outputs: Outputs = {};

  /** `receptiveRadius` null: no picture is cut into strips. */
  constructor(session: ModelSession, model: PictureModel, receptiveRadius: number | null) {
    this.#session = session;
    this.#model = model;
    this.#receptiveRadius = receptiveRadius;
  }

  releaseMemory(): void {
    this.#output.release();
    this.#discardOutputs();
  }

  async run(pixels: Buffer, count: number, width: number, height: number): Promise<Pixels> {
    const cuts = count === 1 && this.#receptiveRadius !== null ? strips(width, height, this.#receptiveRadius) : [];
    if (cuts.length <= 1) return this.#whole(pixels, count, width, height);
    const row = width * 3;
    let whole: Pixels | undefined;
    for (const { input, kept } of cuts) {
      const rows = pixels.subarray(input.from * row, input.to * row);
      const strip = await this.#whole(rows, 1, width, input.to - input.from);
      const scale = strip.height / (input.to - input.from);
      const outputRow = strip.width * 3;
      whole ??= {
        rgb: this.#output.take(height * scale * outputRow),
        width: strip.width,
        height: height * scale,
      };
      const from = (kept.from - input.from) * scale * outputRow;
      const to = (kept.to - input.from) * scale * outputRow;
      whole.rgb.set(strip.rgb.subarray(from, to), kept.from * scale * outputRow);
    }
    if (whole === undefined) throw new Error("the picture has no rows");
    return whole;
  }

  async #whole(pixels: Buffer, count: number, width: number, height: number): Promise<Pixels> {
    const { input, output } = this.#model;
    const dims = input.order === "NHWC" ? [count, height, width, 3] : [count, 3, height, width];
    this.#discardOutputs();
    const outputs = await this.#session.run({ [input.name]: tensor(input.type, toTensor(pixels, count, input), dims) });
    this.#outputs = outputs;
    const result = outputs[output.name];
    if (result === undefined) throw new Error(`the model returned no ${output.name}`);
    const size = pictureSize(result.dims, output.order, count, output.name);
    const elements = result.data as Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
    if (output.type === "uint8" && output.order === "NHWC") {
      return { rgb: Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength), ...size };
    }
    const rgb = this.#output.take(elements.length);
    fromTensor(rgb, elements, count, output);
    return { rgb, ...size };
  }

  #discardOutputs(): void {
    discardOutputs(this.#outputs);
    this.#outputs = {};
  }
}

function pictureSize(dims: readonly number[], order: "NHWC" | "NCHW", count: number, name: string) {
  const [batch, second = 0, third = 0, fourth = 0] = dims;
  const [height, width, channels] = order === "NHWC" ? [second, third, fourth] : [third, fourth, second];
  if (batch !== count || channels !== 3) throw new Error(`the model returned ${name} of shape [${dims.join(", ")}]`);
  return { width, height };
}
