/** Decodes pictures to RGB bytes: ordinary JPEG with turbo-jpeg, the rest with sharp. Runs in a worker. */
import type * as TurboJpeg from "@julusian/jpeg-turbo";
import type { Sharp } from "sharp";
import { PipelineError } from "../work/pipeline-error.ts";
import { Scratch } from "../work/buffers.ts";
import { formats } from "../work/picture.ts";
import { hiddenFirstFrame } from "./apng.ts";
import type { PictureHeader } from "./header-reading.ts";
import { loadSharp, turbo } from "./libraries.ts";
import { placement, turnedSize, type Size } from "./orientation.ts";
import type { Alpha } from "./transparency.ts";

/**
 * Writes the picture into `target`, three bytes a pixel, and returns its alpha channel, if any. Transparent parts keep
 * their colours, except with `flatten`, which puts the picture on white.
 */
export async function decodeInto(
  target: Buffer,
  bytes: Buffer,
  header: PictureHeader,
  flatten: boolean,
): Promise<Alpha | undefined> {
  const stored = turnedSize(header, header.orientation);
  if (!header.simpleJpeg) return decodeAny(target, bytes, header, flatten);
  if (header.orientation === 1) {
    decodeSimpleJpeg(target, bytes, stored);
    return undefined;
  }
  const pixels = turnScratch.take(target.byteLength);
  decodeSimpleJpeg(pixels, bytes, stored);
  return place(target, { pixels, channels: 3 }, header);
}

/** The stored pixels of a JPEG that is turned. */
export const turnScratch = new Scratch();

function decodeSimpleJpeg(target: Buffer, bytes: Buffer, { width, height }: Size): void {
  let decoded: TurboJpeg.DecompressReturn;
  try {
    decoded = turbo.decompressSync(bytes, target, { format: turbo.FORMAT_RGB });
  } catch (error) {
    throw new PipelineError("undecodable", `JPEG: ${(error as Error).message}`);
  }
  if (decoded.width !== width || decoded.height !== height) {
    throw new PipelineError(
      "undecodable",
      `JPEG: the header declares ${width}x${height}, the decoded picture is ${decoded.width}x${decoded.height}`,
    );
  }
}

async function decodeAny(
  target: Buffer,
  bytes: Buffer,
  header: PictureHeader,
  flatten: boolean,
): Promise<Alpha | undefined> {
  const { width, height } = turnedSize(header, header.orientation);
  try {
    let picture = stillOf(bytes, header, { width, height }).toColourspace("srgb");
    if (flatten) picture = picture.flatten({ background: "white" });
    const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.width !== width || info.height !== height) {
      throw new Error(`the header declares ${width}x${height}, the decoded picture is ${info.width}x${info.height}`);
    }
    return place(target, { pixels: data, channels: info.channels }, header);
  } catch (error) {
    const { name } = formats[header.format];
    throw new PipelineError("undecodable", `${name}: ${(error as Error).message.replaceAll(/\s+/g, " ").trim()}`);
  }
}

/** The picture, or the first frame of an animation. */
function stillOf(bytes: Buffer, { format, frames }: PictureHeader, { width, height }: Size): Sharp {
  const sharp = loadSharp();
  const options = { limitInputPixels: width * height };
  if (format === "avif") presentAsStill(bytes);
  const frame = format === "png" && frames !== null ? hiddenFirstFrame(bytes) : null;
  if (frame === null) return sharp(bytes, options);
  const still = sharp(frame.png, options);
  const { left, top } = frame;
  const [right, bottom] = [width - left - frame.width, height - top - frame.height];
  if ([left, top, right, bottom].every((margin) => margin === 0)) return still;
  return still.extend({ left, top, right, bottom, background: { r: 0, g: 0, b: 0, alpha: 0 } });
}

/** libvips refuses files whose main brand is that of an animation (`avis`), though it reads the still in them. */
function presentAsStill(avif: Buffer): void {
  if (avif.toString("latin1", 8, 12) === "avis") avif.write("avif", 8, "latin1");
}

interface Stored {
  readonly pixels: Uint8Array;
  /** 1 (grey), 2 (grey, alpha), 3 or 4 (with alpha). */
  readonly channels: number;
}

/** Copies stored pixels as RGB to where they are displayed, and returns the alpha channel, if any. */
function place(target: Buffer, { pixels, channels }: Stored, header: PictureHeader): Alpha | undefined {
  if (channels === 3 && header.orientation === 1) {
    target.set(pixels);
    return undefined;
  }
  const { width, height } = turnedSize(header, header.orientation);
  const { first, right, down } = placement({ width, height }, header.orientation);
  const alpha = channels % 2 === 0 ? new Uint8Array(width * height) : undefined;
  const [green, blue] = channels > 2 ? [1, 2] : [0, 0];
  let from = 0;
  for (let y = 0; y < height; y++) {
    let to = first + y * down;
    for (let x = 0; x < width; x++) {
      target[to * 3] = pixels[from] ?? 0;
      target[to * 3 + 1] = pixels[from + green] ?? 0;
      target[to * 3 + 2] = pixels[from + blue] ?? 0;
      if (alpha !== undefined) alpha[to] = pixels[from + channels - 1] ?? 0;
      from += channels;
      to += right;
    }
  }
  return alpha;
}
