/** Decodes, infers and encodes one batch of pictures of one size. */
import { decodeInto, turnScratch, type Decoded } from "../codec/decode.ts";
import { encode, jpegScratch } from "../codec/encode.ts";
import type { PictureHeader } from "../codec/header-reading.ts";
import { fillInvisible } from "../codec/transparency.ts";
import type { PictureInference, Pixels } from "../inference/picture-inference.ts";
import { discard, Scratch } from "../core/buffers.ts";
import { runLengths } from "../core/grouping.ts";
import { formats, type Size } from "../core/picture.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { returnFreeMemory } from "../process/malloc.ts";
import type { PictureBatch, PictureTask, TaskFailure, TaskResult } from "./messages.ts";

/** Results are sent early once this much time has passed: a message per picture costs more than a small picture. */
const sendAfterMs = 2;

/**
 * After a run of more pixels the buffers are freed: about 20 bytes a pixel, which neither the worker's own 64 MiB hold nor the memory
 * that is reserved for the next picture, whose decoder needs its own beside them.
 */
const mostPixelsKept = 2 * 1024 * 1024;

export interface OnResults {
  (results: readonly TaskResult[], last: boolean): void;
}

interface RunInput {
  readonly task: PictureTask;
  readonly header: PictureHeader | undefined;
}

interface DecodedTask extends Decoded {
  readonly task: PictureTask;
  readonly decodeMs: number;
}

export class PictureWorker {
  readonly #inference: PictureInference;
  readonly #stillWorks: () => Promise<boolean>;
  readonly #input = new Scratch();

  /** `stillWorks`: whether the model answers a known picture. */
  constructor(inference: PictureInference, stillWorks: () => Promise<boolean>) {
    this.#inference = inference;
    this.#stillWorks = stillWorks;
  }

  releaseMemory(): void {
    this.#input.release();
    this.#inference.releaseMemory();
    jpegScratch.release();
    turnScratch.release();
    returnFreeMemory();
  }

  /** Passes the results of all pictures to `onResults`, in one or more parts. */
  async process({ headers, tasks, runSize }: PictureBatch, onResults: OnResults): Promise<void> {
    const results: TaskResult[] = [];
    let sentAt = performance.now();
    let from = 0;
    const lengths = runLengths(tasks.length, runSize, this.#inference.bucketed);
    for (const length of lengths) {
      const first = from;
      const run = tasks.slice(first, first + length).map((task, index) => ({ task, header: headers[first + index] }));
      from += length;
      for await (const result of this.#run(run)) {
        if (performance.now() - sentAt > sendAfterMs && results.length > 0) {
          onResults(results.splice(0), false);
          sentAt = performance.now();
        }
        results.push(result);
      }
    }
    const { width, height } = headers[0] ?? { width: 0, height: 0 };
    if (width * height * Math.max(...lengths) > mostPixelsKept) this.releaseMemory();
    onResults(results, true);
  }

  /** Processes pictures that go through the model together. */
  async *#run(run: readonly RunInput[]): AsyncGenerator<TaskResult> {
    const [first] = run;
    if (first?.header === undefined) throw new Error("the run has no pictures");
    const { width, height } = first.header;
    const bytesEach = width * height * 3;
    const pixels = this.#input.take(bytesEach * run.length);
    const decoded: DecodedTask[] = [];
    for (const { task, header = first.header } of run) {
      const startedAt = performance.now();
      const target = pixels.subarray(decoded.length * bytesEach, (decoded.length + 1) * bytesEach);
      const bytes = Buffer.from(task.bytes.buffer, task.bytes.byteOffset, task.bytes.byteLength);
      try {
        const picture = await decodeInto(target, bytes, header, !formats[task.options.format].transparency);
        if (picture.alpha !== undefined) fillInvisible(target, picture.alpha, header);
        decoded.push({ task, ...picture, decodeMs: performance.now() - startedAt });
      } catch (error) {
        // One damaged picture must not fail the others of its run.
        yield failed(task.id, error);
      }
      discard(task.bytes);
    }
    if (decoded.length === 0) return;

    yield* this.#infer(decoded, pixels.subarray(0, decoded.length * bytesEach), { width, height });
  }

  /** `pixels`: those of the decoded pictures, one after another. */
  async *#infer(decoded: readonly DecodedTask[], pixels: Buffer, size: Size): AsyncGenerator<TaskResult> {
    const startedAt = performance.now();
    let output: Pixels;
    try {
      output = await this.#inference.run(pixels, decoded.length, size);
    } catch (error) {
      const [first] = decoded;
      if (decoded.length === 1 && first !== undefined) {
        yield this.#failure(first.task.id, error as Error, size);
        return;
      }
      // A model may take one picture but not several: a batch of 1 is in its graph, or there is no memory for more.
      const bytesEach = pixels.length / decoded.length;
      for (const [index, one] of decoded.entries()) {
        yield* this.#infer([one], pixels.subarray(index * bytesEach, (index + 1) * bytesEach), size);
      }
      return;
    }
    const inference = performance.now() - startedAt;
    for (const [index, one] of decoded.entries()) {
      yield encodeResult(one, output, index, { ...size, inference, batchSize: decoded.length });
    }
  }

  /** The picture's fault if the model still answers: it does not take this size. */
  async #failure(id: number, { message }: Error, { width, height }: Size): Promise<TaskFailure> {
    if (!(await this.#stillWorks())) return sessionFailed(id, message);
    const text = `the model failed on a picture of ${width}x${height}: ${message}`;
    return failed(id, new PipelineError("wrong-size", text));
  }
}

interface Run {
  readonly width: number;
  readonly height: number;
  readonly inference: number;
  readonly batchSize: number;
}

async function encodeResult(
  { task, alpha, warnings, decodeMs }: DecodedTask,
  output: Pixels,
  index: number,
  run: Run,
): Promise<TaskResult> {
  const startedAt = performance.now();
  const { width, height } = output;
  const bytesEach = width * height * 3;
  const rgb = output.rgb.subarray(index * bytesEach, (index + 1) * bytesEach);
  const inputAlpha = alpha === undefined ? undefined : { bytes: alpha, width: run.width, height: run.height };
  try {
    const body = await encode({ rgb, width, height, alpha: inputAlpha }, task.options);
    const { inference, batchSize } = run;
    const encodeMs = performance.now() - startedAt;
    return {
      id: task.id,
      kind: "picture",
      body,
      width,
      height,
      warnings,
      decode: decodeMs,
      inference,
      encode: encodeMs,
      batchSize,
    };
  } catch (error) {
    return failed(task.id, error);
  }
}

export function failed(id: number, error: unknown): TaskFailure {
  const { kind, message } =
    error instanceof PipelineError ? error : { kind: "inference-failed" as const, message: String(error) };
  return { id, kind: "failed", error: kind, message };
}

export function sessionFailed(id: number, message: string): TaskFailure {
  return { id, kind: "failed", error: "inference-failed", message, sessionFailed: true };
}
