/** Judges one response. Pure: the header of the picture is read elsewhere. */
import type { FailureKind } from "./failure.ts";
import type { Outcome } from "./sample.ts";
import { parseServerTiming } from "./server-timing.ts";

/** A picture as its header describes it; width and height as a viewer shows it, after EXIF rotation. */
export interface ImageHeader {
  readonly format: string;
  readonly width: number;
  readonly height: number;
}

export interface AnswerHead {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  readonly serverTiming: string | undefined;
}

/** What a correct response to this picture looks like. */
export interface Expectation {
  readonly width: number;
  readonly height: number;
  /** Width and height of the response relative to the request; null accepts any size. */
  readonly scale: number | null;
}

/**
 * Verdict from the head alone, or null when the picture has to be checked. A 503 counts as a rejection only with
 * Retry-After, which admission control sends; without it, the server is broken.
 */
export function judgeHead({ status, contentType, retryAfter }: AnswerHead): Outcome | null {
  if (status === 503 && retryAfter !== undefined) return { kind: "rejected" };
  if (status !== 200) return failed(`http-${status}`, `status ${status}`);
  if (mediaType(contentType).startsWith("image/")) return null;
  return failed("wrong-type", `Content-Type is ${contentType ?? "missing"}, expected an image`);
}

/** Verdict on the picture of a 200; `header` is null when it cannot be read. */
export function judgePicture(
  head: AnswerHead,
  header: ImageHeader | null,
  bytes: number,
  expected: Expectation,
): Outcome {
  if (header === null) return failed("undecodable", `${bytes} bytes that are not an image`);
  const type = mediaType(head.contentType);
  if (!(formatsOfType[type]?.includes(header.format) ?? true)) {
    return failed("wrong-type", `Content-Type is ${type}, the picture is ${header.format}`);
  }
  const size = `${header.width}x${header.height}`;
  const { scale } = expected;
  if (scale !== null) {
    const desired = `${Math.round(expected.width * scale)}x${Math.round(expected.height * scale)}`;
    if (size !== desired) return failed("wrong-size", `picture is ${size}, expected ${desired}`);
  }
  return { kind: "accepted", bytes, stages: parseServerTiming(head.serverTiming ?? "") };
}

/** Formats of each image type, by the decoder's names; an unlisted type is not compared. */
const formatsOfType: Readonly<Record<string, readonly string[]>> = {
  "image/jpeg": ["jpeg"],
  "image/png": ["png"],
  "image/webp": ["webp"],
  "image/gif": ["gif"],
  "image/avif": ["heif", "avif"],
  "image/tiff": ["tiff"],
};

function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function failed(kind: FailureKind, message: string): Outcome {
  return { kind: "failed", failure: { kind, message } };
}
