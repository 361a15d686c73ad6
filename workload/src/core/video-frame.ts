/** A frame of live video as codecs have it: planes of brightness and of colours at half the resolution (I420). Pure. */
import type { Size } from "./picture.ts";

export interface VideoFrame extends Size {
  /** Y, then U and V, without padding: BT.601, 16 to 235, as WebRTC has it (RFC 7742, section 3). */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Sides of odd length have their last colour to themselves. */
export function chromaSize({ width, height }: Size): Size {
  return { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}

/** Bytes of a frame of this size. */
export function frameBytes({ width, height }: Size): number {
  const chroma = chromaSize({ width, height });
  return width * height + 2 * chroma.width * chroma.height;
}
