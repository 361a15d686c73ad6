/** Encodes RGB bytes: JPEG with turbo-jpeg, the rest with sharp. Runs in a worker. */
import type { Sharp } from "sharp";
import { PipelineError } from "../core/pipeline-error.ts";
import { formats, type EncodeOptions, type PictureFormat } from "../core/picture.ts";
import { Scratch } from "../core/buffers.ts";
import { loadSharp, turbo } from "./libraries.ts";
import { resizedAlpha, type Alpha } from "./transparency.ts";

export interface Raw {
  /** Three bytes a pixel. */
  readonly rgb: Buffer;
  readonly width: number;
  readonly height: number;
  /** Of the input picture, in its size. */
  readonly alpha: { readonly bytes: Alpha; readonly width: number; readonly height: number } | undefined;
}

export const jpegScratch = new Scratch();

/** Returns bytes that span their whole ArrayBuffer, so that it can be transferred. @throws {PipelineError} */
export async function encode(raw: Raw, { format, quality }: EncodeOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { name, longestSide } = formats[format];
  if (Math.max(raw.width, raw.height) > longestSide) {
    const message = `the result is ${raw.width}x${raw.height}, limit of ${name} ${longestSide} pixels per side`;
    throw new PipelineError("wrong-size", message);
  }
  if (format === "jpeg") return encodeJpeg(raw, quality);
  const sharp = loadSharp();
  const size = { width: raw.width, height: raw.height };
  let picture = sharp(raw.rgb, { raw: { ...size, channels: 3 } });
  if (raw.alpha !== undefined) {
    const alpha = Buffer.from(resizedAlpha(raw.alpha.bytes, raw.alpha, size).buffer);
    picture = picture.joinChannel(alpha, { raw: { ...size, channels: 1 } });
  }
  return new Uint8Array(await compressed(picture, format, quality).toBuffer());
}

/** The default efforts take much longer for little gain, while a client waits. */
function compressed(picture: Sharp, format: Exclude<PictureFormat, "jpeg">, quality: number): Sharp {
  switch (format) {
    case "png":
      return picture.png({ compressionLevel: 3 });
    case "webp":
      return picture.webp({ quality, effort: 2 });
    case "avif":
      return picture.avif({ quality, effort: 0, chromaSubsampling: "4:2:0" });
  }
}

function encodeJpeg({ rgb, width, height }: Raw, quality: number): Uint8Array<ArrayBuffer> {
  const options = { format: turbo.FORMAT_RGB, width, height, subsampling: turbo.SAMP_420, quality };
  const out = jpegScratch.take(turbo.bufferSize(options));
  return new Uint8Array(turbo.compressSync(rgb, out, options));
}
