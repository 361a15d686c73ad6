/** Decodes pictures to RGB bytes: ordinary JPEG with turbo-jpeg, the rest with sharp. Runs in a worker. */
import type * as TurboJpeg from "@julusian/jpeg-turbo";
import { PipelineError } from "../work/pipeline-error.ts";
import type { PictureHeader } from "./header-reading.ts";
import { loadSharp, turbo } from "./libraries.ts";

/** An 8-bit alpha channel, of the size of the picture. */
export type Alpha = Uint8Array;

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
  if (header.simpleJpeg) {
    decodeSimpleJpeg(target, bytes, header);
    return undefined;
  }
  return decodeAny(target, bytes, header, flatten);
}

function decodeSimpleJpeg(target: Buffer, bytes: Buffer, { width, height }: PictureHeader): void {
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
  { format, width, height }: PictureHeader,
  flatten: boolean,
): Promise<Alpha | undefined> {
  const sharp = loadSharp();
  try {
    let picture = sharp(bytes, { limitInputPixels: width * height })
      .autoOrient()
      .toColourspace("srgb");
    if (flatten) picture = picture.flatten({ background: "white" });
    const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.width !== width || info.height !== height) {
      throw new Error(`the header declares ${width}x${height}, the decoded picture is ${info.width}x${info.height}`);
    }
    return separateAlpha(target, data, info.channels);
  } catch (error) {
    throw new PipelineError("undecodable", `${format}: ${(error as Error).message.replaceAll(/\s+/g, " ").trim()}`);
  }
}

/** Copies pixels of 1 (grey), 2 (grey, alpha), 3 or 4 (with alpha) channels as RGB, and returns the alpha channel. */
function separateAlpha(target: Buffer, pixels: Uint8Array, channels: number): Alpha | undefined {
  if (channels === 3) {
    target.set(pixels);
    return undefined;
  }
  const count = pixels.length / channels;
  const alpha = channels % 2 === 0 ? new Uint8Array(count) : undefined;
  for (let index = 0; index < count; index++) {
    const from = index * channels;
    target[index * 3] = pixels[from] ?? 0;
    target[index * 3 + 1] = pixels[channels > 2 ? from + 1 : from] ?? 0;
    target[index * 3 + 2] = pixels[channels > 2 ? from + 2 : from] ?? 0;
    if (alpha !== undefined) alpha[index] = pixels[from + channels - 1] ?? 0;
  }
  return alpha;
}
