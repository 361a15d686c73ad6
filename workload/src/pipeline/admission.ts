/** Decides whether a request is admitted: by its picture, and by how much is queued. Pure. */
import type { PictureHeader } from "../codec/header-reading.ts";
import { readPictureHeader } from "../codec/picture-header.ts";
import type { Settings } from "../config/settings.ts";
import { formats, pictureFormats, type PictureFormat, type Size } from "../core/picture.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import type { RawTensor } from "../core/tensor.ts";
import { frameBytes, type VideoFrame } from "../core/video-frame.ts";
import type { MemoryBudget } from "./picture-memory.ts";

export interface QueueState {
  readonly draining: boolean;
  /** Workers that have loaded the model. */
  readonly workers: number;
  readonly queued: number;
  /** Of the requests that wait. */
  readonly queuedBytes: number;
  /** The estimated wait of a new request. */
  readonly waitMs: number;
}

/** Reads the picture's header. @throws {PipelineError} if the picture is not processed */
export function checkPicture(input: Uint8Array, mostPixels: number): PictureHeader {
  const reading = readPictureHeader(input);
  if (reading.kind === "unknown-format") throw new PipelineError("unsupported-format", reading.message);
  if (reading.kind === "damaged") throw new PipelineError("undecodable", reading.message);
  const { format, width, height, isEmpty } = reading.header;
  if (width * height > mostPixels) {
    throw tooManyPixels(`the picture is ${width}x${height}, ${width * height} pixels`, mostPixels);
  }
  if (isEmpty)
    throw new PipelineError("undecodable", `the ${formats[format].name} ends before its first row of pixels`);
  return reading.header;
}

/** @throws {PipelineError} if the frame has too many pixels, or not the bytes of its size */
export function checkFrame({ width, height, bytes }: VideoFrame, mostPixels: number): void {
  if (width * height > mostPixels) {
    throw tooManyPixels(`the frame is ${width}x${height}, ${width * height} pixels`, mostPixels);
  }
  const expected = frameBytes({ width, height });
  if (bytes.byteLength === expected && expected > 0) return;
  throw new PipelineError(
    "undecodable",
    `a frame of ${width}x${height} has ${expected} bytes, not ${bytes.byteLength}`,
  );
}

/** The tensors that OIP has for a picture obey the same limit. @throws {PipelineError} */
export function checkTensors(inputs: readonly RawTensor[], mostPixels: number): void {
  for (const { name, shape } of inputs) {
    const pixels = Math.ceil(shape.reduce((product, size) => product * size, 1) / 3);
    if (pixels > mostPixels)
      throw tooManyPixels(`tensor ${name} is [${shape.join(", ")}], ${pixels} pixels`, mostPixels);
  }
}

function tooManyPixels(actual: string, limit: number): PipelineError {
  const message = `${actual}, limit ${limit} pixels: send less, or raise limits.pixels (GpuMediaService: processing.limits.pixels)`;
  return new PipelineError("too-large", message);
}

/** @throws {PipelineError} if a request needs more memory than there is for all pictures */
export function checkMemory(neededBytes: number, { pictureBytes: leftBytes }: MemoryBudget, advice = ""): void {
  if (neededBytes <= leftBytes) return;
  const message = `the request needs about ${mib(neededBytes)} MiB of memory, and the container has ${mib(leftBytes)} MiB for pictures: send less,${advice} or raise its memory (GpuMediaService: resources.limits.memory)`;
  throw new PipelineError("too-large", message);
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

/**
 * Returns the first of the acceptable formats that can hold the result of a model with this scale, before any work is done. `needed`: the
 * memory for a result in a format.
 * @throws {PipelineError} if there is none
 */
export function formatThatHolds(
  { width, height }: Size,
  scale: number,
  acceptable: readonly PictureFormat[],
  needed: (format: PictureFormat) => number,
  memory: MemoryBudget,
): PictureFormat {
  const result = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
  const longest = Math.max(result.width, result.height);
  const holding = acceptable.filter((candidate) => longest <= formats[candidate].longestSide);
  const format = holding.find((candidate) => needed(candidate) <= memory.pictureBytes);
  if (format !== undefined) return format;
  const [cheapest] = holding.toSorted((a, b) => needed(a) - needed(b));
  if (cheapest !== undefined) checkMemory(needed(cheapest), memory, cheapest === "jpeg" ? "" : " accept image/jpeg,");
  const limits = acceptable.map((name) => `${formats[name].name} holds ${formats[name].longestSide}`).join(", ");
  const larger = pictureFormats.filter((name) => longest <= formats[name].longestSide);
  const message = `the result would be ${result.width}x${result.height}, and of the accepted formats ${limits} pixels a side: accept ${larger.map((name) => formats[name].mediaType).join(" or ")}`;
  throw new PipelineError("wrong-size", message);
}

export type AdmissionLimits = Settings["queue"] & {
  /** Of the bodies of requests that wait. */
  readonly maxBytes: number;
};

/** Without a model that has been loaded, nothing is known of what a picture takes. */
export function notReady(): PipelineError {
  return new PipelineError("not-ready", "no worker has the model loaded", 1);
}

/** @throws {PipelineError} at once, so that a client can try another replica while its request is still young. */
export function admit(
  { draining, workers, queued, queuedBytes, waitMs }: QueueState,
  { maxDepth, maxWaitMs, maxBytes }: AdmissionLimits,
): void {
  if (draining) throw new PipelineError("draining", "the processor is shutting down", 1);
  if (workers === 0) throw notReady();
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
  if (queued >= maxDepth) {
    throw new PipelineError("queue-full", `${queued} requests are waiting, limit ${maxDepth}`, retryAfter);
  }
  if (queuedBytes > maxBytes) {
    const message = `requests of ${mib(queuedBytes)} MiB are waiting, limit ${mib(maxBytes)} MiB: a quarter of the memory for pictures`;
    throw new PipelineError("queue-full", message, retryAfter);
  }
  if (queued > 0 && waitMs > maxWaitMs) {
    const message = `the estimated wait is ${Math.round(waitMs)} ms, limit ${maxWaitMs} ms`;
    throw new PipelineError("queue-full", message, retryAfter);
  }
}
