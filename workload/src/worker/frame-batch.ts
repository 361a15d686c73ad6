/** Runs the model on frames of video of one size: no picture is decoded or encoded here. */
import { i420OfRgb, rgbOfI420 } from "../codec/i420.ts";
import { discard, Scratch } from "../core/buffers.ts";
import { runLengths } from "../core/grouping.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { frameBytes } from "../core/video-frame.ts";
import type { PictureInference } from "../inference/picture-inference.ts";
import type { FrameBatch, FrameTask, TaskResult } from "./messages.ts";
import { failed, sessionFailed } from "./picture-batch.ts";

export class FrameWorker {
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
  }

  async process({ size, tasks, runSize }: FrameBatch): Promise<readonly TaskResult[]> {
    const results: TaskResult[] = [];
    let from = 0;
    for (const length of runLengths(tasks.length, runSize, this.#inference.bucketed)) {
      results.push(...(await this.#run(tasks.slice(from, from + length), size)));
      from += length;
    }
    return results;
  }

  async #run(tasks: readonly FrameTask[], size: FrameBatch["size"]): Promise<readonly TaskResult[]> {
    const startedAt = performance.now();
    const bytesEach = size.width * size.height * 3;
    const pixels = this.#input.take(bytesEach * tasks.length);
    for (const [index, { bytes }] of tasks.entries()) {
      rgbOfI420(pixels.subarray(index * bytesEach, (index + 1) * bytesEach), bytes, size);
    }
    const decode = (performance.now() - startedAt) / tasks.length;
    const inferredAt = performance.now();
    let output: Awaited<ReturnType<PictureInference["run"]>>;
    try {
      output = await this.#inference.run(pixels, tasks.length, size);
    } catch (error) {
      return this.#failures(tasks, error as Error, size);
    }
    for (const { bytes } of tasks) discard(bytes);
    const inference = performance.now() - inferredAt;
    const { width, height, rgb } = output;
    return tasks.map(({ id }, index): TaskResult => {
      const encodedAt = performance.now();
      const bytes = new Uint8Array(frameBytes(output));
      i420OfRgb(bytes, rgb.subarray(index * width * height * 3, (index + 1) * width * height * 3), output);
      const encode = performance.now() - encodedAt;
      return { id, kind: "frame", bytes, width, height, decode, inference, encode };
    });
  }

  /** A model may take one frame but not several; the frame is at fault if the model still answers. */
  async #failures(tasks: readonly FrameTask[], { message }: Error, size: FrameBatch["size"]) {
    if (tasks.length > 1) {
      const each: TaskResult[] = [];
      for (const task of tasks) each.push(...(await this.#run([task], size)));
      return each;
    }
    const works = await this.#stillWorks();
    const text = `the model failed on a frame of ${size.width}x${size.height}: ${message}`;
    return tasks.map(({ id }) =>
      works ? failed(id, new PipelineError("wrong-size", text)) : sessionFailed(id, message),
    );
  }
}
