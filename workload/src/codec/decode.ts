/** A picture to RGB bytes: turbo-jpeg for ordinary JPEG, sharp for the rest. Runs in a worker. */
import { createRequire } from "node:module";
import type * as TurboJpeg from "@julusian/jpeg-turbo";
import { PipelineError } from "../work/pipeline-error.ts";
import type { PictureHeader } from "./header-reading.ts";
import { loadSharp } from "./sharp.ts";

// The package is CommonJS whose exports cannot be seen without running it.
const turbo = createRequire(import.meta.url)("@julusian/jpeg-turbo") as typeof TurboJpeg;

/** An 8-bit channel beside the colours, of the size of the picture. */
export type Alpha = Uint8Array;

/**
 * Writes the picture into `target`, three bytes a pixel, and answers its alpha channel where it has one. Transparent
 * parts keep their colours, except with `flatten`: then white shows through.
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
      `JPEG: has frames of ${width}x${height} and ${decoded.width}x${decoded.height}`,
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
      throw new Error(`is ${info.width}x${info.height}, its header says ${width}x${height}`);
    }
    return spread(target, data, info.channels);
  } catch (error) {
    throw new PipelineError("undecodable", `${format}: ${(error as Error).message.replaceAll(/\s+/g, " ").trim()}`);
  }
}

/** Pixels of 1 (grey), 2 (grey, alpha), 3 or 4 (alpha) channels to three, and their alpha apart. */
function spread(target: Buffer, pixels: Uint8Array, channels: number): Alpha | undefined {
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
