/** What is known about a picture before it is decoded. */
import { formats, type PictureFormat, type Size } from "../core/picture.ts";
import type { UnknownFormat } from "./other-formats.ts";
import { turnedSize, type Orientation } from "./orientation.ts";

export interface PictureHeader {
  readonly format: PictureFormat;
  /** As a viewer shows it: after it was turned as `orientation` describes. */
  readonly width: number;
  readonly height: number;
  /** How the stored pixels are turned for display. */
  readonly orientation: Orientation;
  /** Frames of an animation, of which the first is processed; null: not an animation. */
  readonly frames: number | null;
  /** An 8-bit grey, YCbCr or RGB JPEG: libjpeg-turbo decodes it, sharp everything else. */
  readonly simpleJpeg: boolean;
  /** How many bytes the decoder gets: what follows the picture, and a segment that is cut off, can only confuse it. */
  readonly end: number;
  /** The file ends before its first row of pixels. */
  readonly isEmpty: boolean;
}

export type HeaderReading =
  | { readonly kind: "picture"; readonly header: PictureHeader }
  | UnknownFormat
  | { readonly kind: "damaged"; readonly message: string };

export function damaged(message: string): HeaderReading {
  return { kind: "damaged", message };
}

interface Particulars {
  readonly orientation?: Orientation | undefined;
  readonly frames?: number | null;
  readonly simpleJpeg?: boolean;
  readonly end?: number;
  readonly isEmpty?: boolean;
}

/** A picture of the stored size. */
export function pictureOf(format: PictureFormat, stored: Size, particulars: Particulars = {}): HeaderReading {
  const { width, height } = stored;
  if (width === 0 || height === 0) return damaged(`the ${formats[format].name} is ${width}x${height}`);
  const { orientation = 1, frames = null, simpleJpeg = false, end = Infinity, isEmpty = false } = particulars;
  const size = turnedSize(stored, orientation);
  return { kind: "picture", header: { format, ...size, orientation, frames, simpleJpeg, end, isEmpty } };
}
