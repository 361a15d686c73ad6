/** Decode, infer, encode: one batch of pictures of one size. */
import type { PictureHeader } from "../codec/header-reading.ts";
import { decodeInto, type Alpha } from "../codec/decode.ts";
import { discard } from "../work/buffers.ts";
import { encode, jpegScratch } from "../codec/encode.ts";
import { Scratch } from "../work/buffers.ts";
import type { PictureInference, Pixels } from "../inference/picture-inference.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import type { PictureBatch, PictureWork, WorkDone, WorkFailed } from "./messages.ts";

/** Results are told early once so much time has passed: a message per picture costs more than a small picture. */
const tellAfterMs = 2;

export interface Told {
  (results: readonly WorkDone[], last: boolean): void;
}

interface Wanted {
  readonly work: PictureWork;
  readonly header: PictureHeader | undefined;
}

interface Decoded {
  readonly work: PictureWork;
  readonly alpha: Alpha | undefined;
  readonly decodeMs: number;
}

export class PictureWorker {
  readonly #inference: PictureInference;
  readonly #input = new Scratch();

  constructor(inference: PictureInference) {
    this.#inference = inference;
  }

  releaseMemory(): void {
    this.#input.release();
    this.#inference.releaseMemory();
    jpegScratch.release();
  }

  /** Tells the results of all pictures, in one or more parts. */
  async process({ headers, works, runSize }: PictureBatch, tell: Told): Promise<void> {
    const results: WorkDone[] = [];
    let toldAt = performance.now();
    for (let from = 0; from < works.length; from += runSize) {
      const run = works.slice(from, from + runSize).map((work, index) => ({ work, header: headers[from + index] }));
      for await (const result of this.#run(run)) {
        if (performance.now() - toldAt > tellAfterMs && results.length > 0) {
          tell(results.splice(0), false);
          toldAt = performance.now();
        }
        results.push(result);
      }
    }
    tell(results, true);
  }

  /** Pictures that go through the model together. */
  async *#run(run: readonly Wanted[]): AsyncGenerator<WorkDone> {
    const [first] = run;
    if (first?.header === undefined) throw new Error("a run of no pictures");
    const { width, height } = first.header;
    const each = width * height * 3;
    const pixels = this.#input.take(each * run.length);
    const decoded: Decoded[] = [];
    for (const { work, header = first.header } of run) {
      const startedAt = performance.now();
      const target = pixels.subarray(decoded.length * each, (decoded.length + 1) * each);
      const bytes = Buffer.from(work.bytes.buffer, work.bytes.byteOffset, work.bytes.byteLength);
      try {
        const alpha = await decodeInto(target, bytes, header, work.options.format === "jpeg");
        decoded.push({ work, alpha, decodeMs: performance.now() - startedAt });
      } catch (error) {
        // One damaged picture must not take down those it shares the run with.
        yield failed(work.id, error);
      }
      discard(work.bytes);
    }
    if (decoded.length === 0) return;

    const inferringAt = performance.now();
    let answer: Pixels;
    try {
      answer = await this.#inference.run(pixels.subarray(0, decoded.length * each), decoded.length, width, height);
    } catch (error) {
      const broken = new PipelineError("inference-failed", (error as Error).message);
      for (const { work } of decoded) yield failed(work.id, broken);
      return;
    }
    const inference = performance.now() - inferringAt;
    for (const [index, one] of decoded.entries()) {
      yield encoded(one, answer, index, { width, height, inference, batchSize: decoded.length });
    }
  }
}

interface Run {
  readonly width: number;
  readonly height: number;
  readonly inference: number;
  readonly batchSize: number;
}

async function encoded({ work, alpha, decodeMs }: Decoded, answer: Pixels, index: number, run: Run): Promise<WorkDone> {
  const startedAt = performance.now();
  const { width, height } = answer;
  const each = width * height * 3;
  const rgb = answer.rgb.subarray(index * each, (index + 1) * each);
  const withAlpha = alpha === undefined ? undefined : { bytes: alpha, width: run.width, height: run.height };
  try {
    const body = await encode({ rgb, width, height, alpha: withAlpha }, work.options);
    const { inference, batchSize } = run;
    const encodeMs = performance.now() - startedAt;
    return {
      id: work.id,
      kind: "picture",
      body,
      width,
      height,
      decode: decodeMs,
      inference,
      encode: encodeMs,
      batchSize,
    };
  } catch (error) {
    return failed(work.id, error);
  }
}

export function failed(id: number, error: unknown): WorkFailed {
  const { kind, message } =
    error instanceof PipelineError ? error : { kind: "inference-failed" as const, message: String(error) };
  return { id, kind: "failed", error: kind, message };
}
