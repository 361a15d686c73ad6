/** Decodes pictures to RGB bytes: ordinary JPEG with libjpeg-turbo, the rest with sharp. Runs in a worker. */
import type { Sharp, SharpOptions } from "sharp";
import type { DecodeWarning } from "../core/decode-warnings.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { discard, Scratch } from "../core/buffers.ts";
import { formats, type Size } from "../core/picture.ts";
import { hiddenFirstFrame } from "./apng.ts";
import { isPremultiplied } from "./avif-header.ts";
import { colourOf, type PictureColour } from "./colour/picture-colour.ts";
import type { SrgbConversion } from "./colour/to-srgb.ts";
import type { PictureHeader } from "./header-reading.ts";
import { loadSharp } from "./libraries.ts";
import { placement, turnedSize } from "./orientation.ts";
import { faultOfPng } from "./png-faults.ts";
import { recoverPng } from "./png-recovery.ts";
import { putOnWhite, unmultiply, type Alpha } from "./transparency.ts";
import { decodeTurboJpeg } from "./turbo-jpeg.ts";
import { completedWebp } from "./webp-recovery.ts";

export interface Decoded {
  readonly alpha: Alpha | undefined;
  readonly warnings: readonly DecodeWarning[];
}

/**
 * Writes the picture into `target` as sRGB, three bytes a pixel. Transparent parts keep their colours, except with
 * `flatten`, which puts the picture on white. A damaged picture is decoded as far as possible, with a warning.
 * @throws {PipelineError} if it has no pixels to show
 */
export async function decodeInto(
  target: Buffer,
  file: Buffer,
  header: PictureHeader,
  flatten: boolean,
): Promise<Decoded> {
  const bytes = file.subarray(0, header.end);
  // CMYK among them: its profile consists of tables, and cannot be applied after libvips has converted to RGB.
  const isUnusualJpeg = header.format === "jpeg" && !header.simpleJpeg;
  const colour: PictureColour = isUnusualJpeg ? { kind: "tables" } : colourOf(header.format, bytes);
  const decoded =
    decodeWithTurbo(target, bytes, header, colour) ?? (await decodeWithSharp(target, bytes, header, colour));
  if (flatten && decoded.alpha !== undefined) putOnWhite(target, decoded.alpha);
  const ofProfile: readonly DecodeWarning[] =
    colour.kind === "invalid" ? [{ kind: "profile", detail: colour.message }] : [];
  return { alpha: flatten ? undefined : decoded.alpha, warnings: [...decoded.warnings, ...ofProfile] };
}

/** The stored pixels of a JPEG that is turned. */
export const turnScratch = new Scratch();

/** Returns undefined if the decoder gives up: libvips then tries the picture, and its message is the reason. */
function decodeWithTurbo(
  target: Buffer,
  bytes: Buffer,
  header: PictureHeader,
  colour: PictureColour,
): Decoded | undefined {
  if (!header.simpleJpeg || colour.kind === "tables") return undefined;
  const stored = turnedSize(header, header.orientation);
  const pixels = header.orientation === 1 ? target : turnScratch.take(target.byteLength);
  const decoding = decodeTurboJpeg(pixels, bytes, stored);
  if (decoding === undefined) return undefined;
  if (pixels !== target) place(target, { pixels, channels: 3 }, header);
  if (colour.kind === "other") colour.conversion.convert(target);
  return { alpha: undefined, warnings: decoding.complaint === undefined ? [] : [warningOf(decoding.complaint)] };
}

async function decodeWithSharp(
  target: Buffer,
  bytes: Buffer,
  header: PictureHeader,
  colour: PictureColour,
): Promise<Decoded> {
  let complaint: string;
  try {
    const alpha = await tryToDecode(target, bytes, header, { colour, failOn: "warning" });
    return { alpha, warnings: [] };
  } catch (error) {
    complaint = messageOf(error);
  }
  try {
    const { usable, isTruncated } = await recover(bytes, header);
    const alpha = await tryToDecode(target, usable, header, { colour, failOn: "none" });
    return { alpha, warnings: [isTruncated ? { kind: "truncated", detail: complaint } : warningOf(complaint)] };
  } catch (error) {
    throw new PipelineError("undecodable", reasonOf(error, bytes, header));
  }
}

/** Why a picture cannot be decoded, after all attempts. */
function reasonOf(error: unknown, bytes: Buffer, { format }: PictureHeader): string {
  const fault = format === "png" ? faultOfPng(bytes) : undefined;
  if (fault !== undefined) return fault;
  if (error instanceof PipelineError) return error.message;
  return `${formats[format].name}: ${messageOf(error)}`;
}

interface Recovered {
  readonly usable: Buffer;
  readonly isTruncated: boolean;
}

/** Prepares what the decoders would refuse, though a part of it can be shown. @throws {PipelineError} if none can */
async function recover(bytes: Buffer, { format, frames, width, height }: PictureHeader): Promise<Recovered> {
  // The first frame of an animation may lie elsewhere.
  if (format === "png" && frames === null) {
    const recovered = await recoverPng(bytes);
    if (recovered !== undefined) return { usable: recovered.png, isTruncated: recovered.isTruncated };
    throw new PipelineError("undecodable", "the PNG ends before its first row of pixels");
  }
  const completed = format === "webp" ? completedWebp(bytes, width * height) : undefined;
  return { usable: completed ?? bytes, isTruncated: completed !== undefined };
}

interface Attempt {
  readonly colour: PictureColour;
  /** The least that makes sharp fail. */
  readonly failOn: "warning" | "none";
}

/** Returns the alpha channel, if any. Rejects with sharp's error. */
async function tryToDecode(
  target: Buffer,
  bytes: Buffer,
  header: PictureHeader,
  { colour, failOn }: Attempt,
): Promise<Alpha | undefined> {
  const { width, height } = turnedSize(header, header.orientation);
  const options = { limitInputPixels: width * height, failOn, ignoreIcc: colour.kind !== "tables" };
  const picture = stillOf(bytes, header, { width, height }, options);
  const isDeep = header.format === "png" && bytes[pngBitDepth] === 16;
  if (isDeep && colour.kind === "other") return decodeDeep(target, picture, header, colour.conversion);
  // sharp converts pictures of 16 bits to Display P3 instead, unless a profile is set.
  const converted = isDeep && colour.kind === "tables" ? picture.withIccProfile("srgb") : picture.toColourspace("srgb");
  const { data, info } = await converted.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  checkSize(info, { width, height });
  const alpha = place(target, { pixels: data, channels: info.channels }, header);
  // Left to the garbage collector, the pixels of earlier pictures would take as much memory as this one's.
  discard(data);
  // libvips ignores the mark.
  if (header.format === "avif" && alpha !== undefined && isPremultiplied(bytes)) unmultiply(target, alpha);
  if (colour.kind === "other") colour.conversion.convert(target);
  return alpha;
}

/** In IHDR. */
const pngBitDepth = 24;

/** Converts before it rounds to 8 bits: linear light of 8 bits has no dark colours. */
async function decodeDeep(
  target: Buffer,
  picture: Sharp,
  header: PictureHeader,
  conversion: SrgbConversion,
): Promise<Alpha | undefined> {
  const { data, info } = await picture
    .toColourspace("rgb16")
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  checkSize(info, turnedSize(header, header.orientation));
  const { channels } = info;
  const pixels = conversion.convert16(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), channels);
  const alpha = place(target, { pixels, channels }, header);
  discard(data);
  return alpha;
}

function checkSize(found: Size, { width, height }: Size): void {
  if (found.width !== width || found.height !== height) {
    throw new Error(`the header declares ${width}x${height}, the decoded picture is ${found.width}x${found.height}`);
  }
}

function warningOf(complaint: string): DecodeWarning {
  const isTruncated = /premature end|not enough data/i.test(complaint);
  return { kind: isTruncated ? "truncated" : "corrupt", detail: complaint };
}

/** Lines that do not describe the picture. */
const emptyLine =
  /^(|err|Unknown error|Input buffer has corrupt header:?|error in tile .*|source: bad seek.*|Warning treated as error.*)$/;

/** One line: libvips repeats its message for each attempt to read, and adds where in the picture it was. */
function messageOf(error: unknown): string {
  const lines = (error as Error).message
    .split(/\n|\||: (?=VipsJpeg|webp|vipspng|heif)/)
    .map((line) => line.replace(/^(VipsJpeg|webp|webp2vips|vipspng|heif): /, "").trim())
    .filter((line) => !emptyLine.test(line));
  return [...new Set(lines)].join("; ") || "it cannot be read";
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
  if (right < 0 || bottom < 0) throw new Error("the first frame lies beyond the canvas");
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
