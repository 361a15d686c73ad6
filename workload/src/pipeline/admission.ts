/** Decides whether a request is admitted: by its picture, and by how much is queued. Pure. */
import type { PictureHeader } from "../codec/header-reading.ts";
import type { Size } from "../codec/orientation.ts";
import { readPictureHeader } from "../codec/picture-header.ts";
import type { Settings } from "../config/settings.ts";
import { formats, pictureFormats, type PictureFormat } from "../work/picture.ts";
import { PipelineError } from "../work/pipeline-error.ts";

export interface QueueState {
  readonly draining: boolean;
  /** Workers that have loaded the model. */
  readonly workers: number;
  readonly queued: number;
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
    const message = `the picture is ${width}x${height}, ${width * height} pixels, limit ${mostPixels} pixels`;
    throw new PipelineError("too-large", message);
  }
  if (isEmpty) throw new PipelineError("undecodable", `the ${format} ends before its first row of pixels`);
  return reading.header;
}

/**
 * Returns the first of the acceptable formats that can hold the result of a model with this scale, before any work is done.
 * @throws {PipelineError} if there is none
 */
export function formatThatHolds(
  { width, height }: Size,
  scale: number,
  acceptable: readonly PictureFormat[],
): PictureFormat {
  const result = { width: Math.ceil(width * scale), height: Math.ceil(height * scale) };
  const longest = Math.max(result.width, result.height);
  const format = acceptable.find((candidate) => longest <= formats[candidate].longestSide);
  if (format !== undefined) return format;
  const limits = acceptable.map((name) => `${formats[name].name} holds ${formats[name].longestSide}`).join(", ");
  const larger = pictureFormats.filter((name) => longest <= formats[name].longestSide);
  const message = `the result would be ${result.width}x${result.height}, and of the accepted formats ${limits} pixels a side: accept ${larger.map((name) => formats[name].mediaType).join(" or ")}`;
  throw new PipelineError("wrong-size", message);
}

/** @throws {PipelineError} at once, so that a client can try another replica while its request is still young. */
export function admit({ draining, workers, queued, waitMs }: QueueState, limits: Settings["queue"]): void {
  const { maxDepth, maxWaitMs } = limits;
  if (draining) throw new PipelineError("draining", "the processor is shutting down", 1);
  if (workers === 0) throw new PipelineError("not-ready", "no worker has the model loaded", 1);
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
  if (queued >= maxDepth) {
    throw new PipelineError("queue-full", `${queued} requests are waiting, limit ${maxDepth}`, retryAfter);
  }
  if (queued > 0 && waitMs > maxWaitMs) {
    const message = `the estimated wait is ${Math.round(waitMs)} ms, limit ${maxWaitMs} ms`;
    throw new PipelineError("queue-full", message, retryAfter);
  }
}
