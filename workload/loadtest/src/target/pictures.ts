/** The pictures to send: files, or a generated one. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import sharp from "sharp";
import type { ImageHeader } from "./answer.ts";

export interface Picture extends ImageHeader {
  /** File name, or `built-in`. */
  readonly name: string;
  readonly type: string;
  readonly body: Buffer;
  /** Hex; a later run compares it. */
  readonly sha256: string;
}

export type PictureError = { readonly kind: "unreadable-picture"; readonly message: string };

/** The pictures of the files in order, or the first error; the built-in picture if there are no files. */
export async function loadPictures(files: readonly string[]): Promise<readonly Picture[] | PictureError> {
  if (files.length === 0) return [await builtInPicture()];
  const pictures: Picture[] = [];
  for (const file of files) {
    const body = await readFile(file).catch((error: unknown) => error);
    if (!Buffer.isBuffer(body)) return unreadable(file, body instanceof Error ? body.message : String(body));
    const picture = await pictureOf(basename(file), body);
    if (picture === null) return unreadable(file, "not an image that sharp can read");
    pictures.push(picture);
  }
  return pictures;
}

/** Format and displayed size from the header, without decoding pixels; null without a readable header. */
export async function readImageHeader(body: Uint8Array): Promise<ImageHeader | null> {
  try {
    const { format, autoOrient } = await sharp(body).metadata();
    return { format, width: autoOrient.width, height: autoOrient.height };
  } catch {
    // sharp throws at once for an empty body and rejects for one that it cannot read.
    return null;
  }
}

async function pictureOf(name: string, body: Buffer): Promise<Picture | null> {
  const header = await readImageHeader(body);
  if (header === null) return null;
  const sha256 = createHash("sha256").update(body).digest("hex");
  return { ...header, name, type: mediaTypeOf(header.format), body, sha256 };
}

/** sharp names AVIF by its container. */
function mediaTypeOf(format: string): string {
  return format === "heif" ? "image/avif" : `image/${format}`;
}

function unreadable(file: string, reason: string): PictureError {
  return { kind: "unreadable-picture", message: `--image ${file}: ${reason}` };
}

/**
 * A 640x480 JPEG of a landscape, the same bytes every time. Turbulence gives sky, hills and water the detail that a
 * photograph has: a flat drawing would compress ten times better and make the server's decoder look fast.
 */
async function builtInPicture(): Promise<Picture> {
  const body = await sharp(Buffer.from(landscape)).jpeg({ quality: 90, chromaSubsampling: "4:2:0" }).toBuffer();
  const picture = await pictureOf("built-in", body);
  if (picture === null) throw new Error("sharp cannot read the picture that it made");
  return picture;
}

const landscape = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="#1d3f72"/><stop offset="1" stop-color="#f4b27a"/></linearGradient>
    <linearGradient id="lake" x2="0" y2="1"><stop stop-color="#d79a72"/><stop offset="1" stop-color="#16304f"/></linearGradient>
    <filter id="clouds" x="0" y="0" width="1" height="1">
      <feTurbulence type="fractalNoise" baseFrequency="0.006 0.02" numOctaves="5" seed="7"/>
      <feColorMatrix values="0 0 0 0 1  0 0 0 0 0.95  0 0 0 0 0.9  2.2 0 0 0 -0.9"/>
    </filter>
    <filter id="rock" x="0" y="0" width="1" height="1">
      <feTurbulence type="fractalNoise" baseFrequency="0.05" numOctaves="4" seed="3" result="noise"/>
      <feDiffuseLighting in="noise" lighting-color="#c9b6a0" surfaceScale="6"><feDistantLight azimuth="220" elevation="38"/></feDiffuseLighting>
      <feComposite in2="SourceGraphic" operator="arithmetic" k1="1.1" k2="0" k3="0.25"/>
      <feComposite in2="SourceGraphic" operator="in"/>
    </filter>
    <filter id="waves" x="0" y="0" width="1" height="1">
      <feTurbulence type="turbulence" baseFrequency="0.008 0.09" numOctaves="4" seed="11"/>
      <feColorMatrix values="0 0 0 0 1  0 0 0 0 0.85  0 0 0 0 0.7  1.1 0 0 0 -0.25"/>
    </filter>
  </defs>
  <rect width="640" height="330" fill="url(#sky)"/>
  <rect width="640" height="330" filter="url(#clouds)"/>
  <circle cx="455" cy="205" r="26" fill="#fff1cf"/>
  <path filter="url(#rock)" fill="#6d6a86" d="M0 290 L90 170 150 225 235 110 320 235 380 190 470 270 560 180 640 250 V335 H0z"/>
  <path filter="url(#rock)" fill="#3c5a3a" d="M0 330 L60 270 170 300 260 250 360 310 450 285 540 305 640 270 V360 H0z"/>
  <rect y="335" width="640" height="145" fill="url(#lake)"/>
  <rect y="335" width="640" height="145" filter="url(#waves)"/>
</svg>`;
