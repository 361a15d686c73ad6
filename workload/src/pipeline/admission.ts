/** Whether a request may come in: by its picture, and by how much is waiting. Pure. */
import type { PictureHeader } from "../codec/header-reading.ts";
import { readPictureHeader } from "../codec/picture-header.ts";
import type { Settings } from "../config/settings.ts";
import type { FixedSize } from "../worker/messages.ts";
import { PipelineError } from "../work/pipeline-error.ts";

export interface Crowd {
  readonly draining: boolean;
  /** Workers with the model loaded. */
  readonly workers: number;
  readonly queued: number;
  /** How long a new request would wait. */
  readonly waitMs: number;
}

/** What the picture's first bytes say. @throws {PipelineError} when the model could do nothing with it */
export function judgePicture(input: Uint8Array, mostPixels: number, fixedSize: FixedSize): PictureHeader {
  const reading = readPictureHeader(input);
  if (reading.kind === "unknown-format") throw new PipelineError("unsupported-format", "expected JPEG, PNG or WebP");
  if (reading.kind === "damaged") throw new PipelineError("undecodable", reading.message);
  const { width, height } = reading.header;
  if (width * height > mostPixels) {
    const message = `${width}x${height} is ${width * height} pixels, more than ${mostPixels}`;
    throw new PipelineError("too-large", message);
  }
  const { width: wantedWidth = width, height: wantedHeight = height } = fixedSize;
  if (width !== wantedWidth || height !== wantedHeight) {
    const message = `the picture is ${width}x${height}, the model takes ${wantedWidth}x${wantedHeight}`;
    throw new PipelineError("wrong-size", message);
  }
  return reading.header;
}

/** @throws {PipelineError} at once, so that a client can turn to another replica while its request is still young. */
export function admit({ draining, workers, queued, waitMs }: Crowd, { maxDepth, maxWaitMs }: Settings["queue"]): void {
  if (draining) throw new PipelineError("draining", "the processor is shutting down", 1);
  if (workers === 0) throw new PipelineError("not-ready", "no worker has the model loaded", 1);
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
  if (queued >= maxDepth) throw new PipelineError("queue-full", `${queued} requests are waiting`, retryAfter);
  if (queued > 0 && waitMs > maxWaitMs) {
    const message = `the wait would be ${Math.round(waitMs)} ms, more than ${maxWaitMs} ms`;
    throw new PipelineError("queue-full", message, retryAfter);
  }
}
