/** Decode, infer, encode: one batch of pictures of one size. */
import { decodeInto, type Alpha } from "../codec/decode.ts";
import { encode } from "../codec/encode.ts";
import { Scratch } from "../codec/scratch.ts";
import { fromTensor, toTensor } from "../inference/layout.ts";
import type { PictureModel } from "../inference/picture-model.ts";
import { tensor, type ModelSession } from "../inference/session.ts";
import { PipelineError } from "../pipeline/pipeline-error.ts";
import type { PictureBatch, PictureDone, PictureWork, WorkDone, WorkFailed } from "./messages.ts";

/** Results are told early once so much time has passed: a message per picture costs more than a small picture. */
const tellAfterMs = 2;

export interface Told {
  (results: readonly WorkDone[], last: boolean): void;
}

interface Decoded {
  readonly work: PictureWork;
  readonly alpha: Alpha | undefined;
  readonly decodeMs: number;
}

export class PictureWorker {
  readonly #session: ModelSession;
  readonly #model: PictureModel;
  readonly #input = new Scratch();
  readonly #output = new Scratch();
  /** Output shapes by input shape: an output of known shape is written into memory that is there. */
  readonly #outputDims = new Map<string, readonly number[]>();

  constructor(session: ModelSession, model: PictureModel) {
    this.#session = session;
    this.#model = model;
  }

  releaseMemory(): void {
    this.#input.release();
    this.#output.release();
  }

  async process({ headers, works }: PictureBatch, tell: Told): Promise<void> {
    const [header] = headers;
    if (header === undefined) throw new Error("an empty batch");
    const { width, height } = header;
    const each = width * height * 3;
    const pixels = this.#input.take(each * works.length);
    const results: WorkDone[] = [];
    const decoded: Decoded[] = [];
    for (const [index, work] of works.entries()) {
      const startedAt = performance.now();
      const target = pixels.subarray(decoded.length * each, (decoded.length + 1) * each);
      const bytes = Buffer.from(work.bytes.buffer, work.bytes.byteOffset, work.bytes.byteLength);
      try {
        const alpha = await decodeInto(target, bytes, headers[index] ?? header, work.options.format === "jpeg");
        decoded.push({ work, alpha, decodeMs: performance.now() - startedAt });
      } catch (error) {
        // One damaged picture must not take down those it shares the batch with.
        results.push(failed(work.id, error));
      }
    }
    if (decoded.length === 0) return tell(results, true);

    const inferringAt = performance.now();
    let doubled: { readonly rgb: Buffer; readonly width: number; readonly height: number };
    try {
      doubled = await this.#infer(pixels.subarray(0, decoded.length * each), decoded.length, width, height);
    } catch (error) {
      const broken = new PipelineError("inference-failed", (error as Error).message);
      return tell([...results, ...decoded.map(({ work }) => failed(work.id, broken))], true);
    }
    const inference = performance.now() - inferringAt;

    const outputEach = doubled.width * doubled.height * 3;
    let toldAt = performance.now();
    for (const [index, { work, alpha, decodeMs }] of decoded.entries()) {
      const startedAt = performance.now();
      const rgb = doubled.rgb.subarray(index * outputEach, (index + 1) * outputEach);
      const size = { width: doubled.width, height: doubled.height };
      try {
        const withAlpha = alpha === undefined ? undefined : { bytes: alpha, width, height };
        const body = await encode({ rgb, ...size, alpha: withAlpha }, work.options);
        const done: PictureDone = {
          id: work.id,
          kind: "picture",
          body,
          ...size,
          decode: decodeMs,
          inference,
          encode: performance.now() - startedAt,
          batchSize: decoded.length,
        };
        results.push(done);
      } catch (error) {
        results.push(failed(work.id, error));
      }
      if (performance.now() - toldAt > tellAfterMs && index + 1 < decoded.length) {
        tell(results.splice(0), false);
        toldAt = performance.now();
      }
    }
    tell(results, true);
  }

  async #infer(pixels: Buffer, count: number, width: number, height: number) {
    const { input, output } = this.#model;
    const dims = input.order === "NHWC" ? [count, height, width, 3] : [count, 3, height, width];
    const key = dims.join();
    const known = output.type === "uint8" && output.order === "NHWC" ? this.#outputDims.get(key) : undefined;
    const into = known && { [output.name]: tensor(this.#output.take(product(known)), known) };
    const outputs = await this.#session.run({ [input.name]: tensor(toTensor(pixels, count, input), dims) }, into);
    const result = outputs[output.name];
    if (result === undefined) throw new Error(`the model answered no ${output.name}`);
    const size = pictureSize(result.dims, output.order, count, output.name);
    if (known === undefined) this.#remember(key, result.dims);
    const elements = result.data as Uint8Array | Float32Array;
    if (output.type === "uint8" && output.order === "NHWC") {
      return { rgb: Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength), ...size };
    }
    const rgb = this.#output.take(elements.length);
    fromTensor(rgb, elements, count, output);
    return { rgb, ...size };
  }

  #remember(key: string, dims: readonly number[]): void {
    // Clients choose the sizes.
    if (this.#outputDims.size >= 256) this.#outputDims.clear();
    this.#outputDims.set(key, dims);
  }
}

function pictureSize(dims: readonly number[], order: "NHWC" | "NCHW", count: number, name: string) {
  const [batch, second = 0, third = 0, fourth = 0] = dims;
  const [height, width, channels] = order === "NHWC" ? [second, third, fourth] : [third, fourth, second];
  if (batch !== count || channels !== 3) throw new Error(`the model answered ${name} of shape [${dims.join(", ")}]`);
  return { width, height };
}

function product(dims: readonly number[]): number {
  return dims.reduce((whole, size) => whole * size, 1);
}

export function failed(id: number, error: unknown): WorkFailed {
  const { kind, message } =
    error instanceof PipelineError ? error : { kind: "inference-failed" as const, message: String(error) };
  return { id, kind: "failed", error: kind, message };
}
