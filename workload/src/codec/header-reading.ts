/** What is known about a picture before it is decoded. */
import { formats, type PictureFormat } from "../work/picture.ts";
import { turnedSize, type Orientation, type Size } from "./orientation.ts";

export interface PictureHeader {
  readonly format: PictureFormat;
  /** As a viewer shows it: after it was turned as `orientation` describes. */
  readonly width: number;
  readonly height: number;
  /** How the stored pixels are turned for display. */
  readonly orientation: Orientation;
  /** Frames of an animation, of which the first is processed; null: not an animation. */
  readonly frames: number | null;
  /** An 8-bit grey or YCbCr JPEG: turbo-jpeg decodes it, sharp everything else. */
  readonly simpleJpeg: boolean;
}

export type HeaderReading =
  | { readonly kind: "picture"; readonly header: PictureHeader }
  /** `message` names what it is, if that is known, and the way out. */
  | { readonly kind: "unknown-format"; readonly message: string }
  | { readonly kind: "damaged"; readonly message: string };

export function damaged(message: string): HeaderReading {
  return { kind: "damaged", message };
}

/** A picture of the stored size; `turned` has what differs from an upright still. */
export function pictureOf(
  format: PictureFormat,
  stored: Size,
  turned: { orientation?: Orientation | undefined; frames?: number | null; simpleJpeg?: boolean } = {},
): HeaderReading {
  const { width, height } = stored;
  if (width === 0 || height === 0) return damaged(`the ${formats[format].name} is ${width}x${height}`);
  const { orientation = 1, frames = null, simpleJpeg = false } = turned;
  return { kind: "picture", header: { format, ...turnedSize(stored, orientation), orientation, frames, simpleJpeg } };
}
