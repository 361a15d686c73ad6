/** Decodes pictures to RGB bytes: ordinary JPEG with libjpeg-turbo, the rest with sharp. Runs in a worker. */
import type { Sharp, SharpOptions } from "sharp";
import type { DecodeWarning } from "../work/decode-warnings.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import { Scratch } from "../work/buffers.ts";
import { formats } from "../work/picture.ts";
import { hiddenFirstFrame } from "./apng.ts";
import type { PictureHeader } from "./header-reading.ts";
import { loadSharp } from "./libraries.ts";
import { placement, turnedSize, type Size } from "./orientation.ts";
import type { Alpha } from "./transparency.ts";
import { decodeTurboJpeg } from "./turbo-jpeg.ts";

export interface Decoded {
  readonly alpha: Alpha | undefined;
  readonly warnings: readonly DecodeWarning[];
}

/**
 * Writes the picture into `target`, three bytes a pixel. Transparent parts keep their colours, except with `flatten`,
 * which puts the picture on white. A damaged picture is decoded as far as possible, with a warning, as browsers do.
 * @throws {PipelineError} if it has no pixels to show
 */
export async function decodeInto(
  target: Buffer,
  file: Buffer,
  header: PictureHeader,
  flatten: boolean,
): Promise<Decoded> {
  const bytes = file.subarray(0, header.end);
  return (
    (header.simpleJpeg ? decodeJpeg(target, bytes, header) : undefined) ?? decodeAny(target, bytes, header, flatten)
  );
}

/** The stored pixels of a JPEG that is turned. */
export const turnScratch = new Scratch();

/** Returns undefined if the decoder gives up: libvips then has the last word, and the first about the reason. */
function decodeJpeg(target: Buffer, bytes: Buffer, header: PictureHeader): Decoded | undefined {
  const stored = turnedSize(header, header.orientation);
  const pixels = header.orientation === 1 ? target : turnScratch.take(target.byteLength);
  const { complete, complaint } = decodeTurboJpeg(pixels, bytes, stored);
  if (!complete) return undefined;
  if (pixels !== target) place(target, { pixels, channels: 3 }, header);
  return { alpha: undefined, warnings: complaint === undefined ? [] : [warningOf(complaint)] };
}

async function decodeAny(target: Buffer, bytes: Buffer, header: PictureHeader, flatten: boolean): Promise<Decoded> {
  try {
    const stored = await decodeStrictly(bytes, header, { flatten, failOn: "warning" });
    return { alpha: place(target, stored, header), warnings: [] };
  } catch (error) {
    const complaint = messageOf(error);
    try {
      const stored = await decodeStrictly(bytes, header, { flatten, failOn: "none" });
      return { alpha: place(target, stored, header), warnings: [warningOf(complaint)] };
    } catch (fatal) {
      throw new PipelineError("undecodable", `${formats[header.format].name}: ${messageOf(fatal)}`);
    }
  }
}

interface Strictness {
  readonly flatten: boolean;
  /** sharp's word for the least that makes it fail. */
  readonly failOn: "warning" | "none";
}

async function decodeStrictly(bytes: Buffer, header: PictureHeader, { flatten, failOn }: Strictness): Promise<Stored> {
  const { width, height } = turnedSize(header, header.orientation);
  const options = { limitInputPixels: width * height, failOn };
  let picture = stillOf(bytes, header, { width, height }, options).toColourspace("srgb");
  if (flatten) picture = picture.flatten({ background: "white" });
  const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height) {
    throw new Error(`the header declares ${width}x${height}, the decoded picture is ${info.width}x${info.height}`);
  }
  return { pixels: data, channels: info.channels };
}

function warningOf(complaint: string): DecodeWarning {
  const isTruncated = /premature end|not enough data/i.test(complaint);
  return { kind: isTruncated ? "truncated" : "corrupt", detail: complaint };
}

/** One line: libvips repeats its message for each attempt to read, and adds where in the picture it was. */
function messageOf(error: unknown): string {
  const lines = (error as Error).message
    .split(/\n|\||: (?=VipsJpeg|webp|vipspng)/)
    .map((line) => line.replace(/^(VipsJpeg|webp|vipspng): /, "").trim())
    .filter(
      (line) => line !== "" && !/^(Input buffer has corrupt header|error in tile .*|err|Unknown error)$/.test(line),
    );
  return [...new Set(lines)].join("; ") || (error as Error).message;
}

/** The picture, or the first frame of an animation. */
function stillOf(
  bytes: Buffer,
  { format, frames }: PictureHeader,
  { width, height }: Size,
  options: SharpOptions,
): Sharp {
  const sharp = loadSharp();
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
