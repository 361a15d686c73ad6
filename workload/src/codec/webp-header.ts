/** Reads the chunks of a WebP that describe the picture (RFC 9649, sections 2.5 to 2.7). Pure. */
import { exifOrientation } from "./exif.ts";
import { damaged, pictureOf, type HeaderReading } from "./header-reading.ts";
import type { Orientation } from "./orientation.ts";

const chunk = { vp8: 0x56503820, vp8l: 0x5650384c, vp8x: 0x56503858, anmf: 0x414e4d46, exif: 0x45584946 };
const animationFlag = 0x02;

/** As for PNG: a file of empty chunks must not keep the main thread busy. */
const mostChunks = 100_000;

export function readWebpHeader(view: DataView): HeaderReading {
  if (view.byteLength < 25) return damaged("the WebP ends within its header");
  const type = view.getUint32(12);
  // A lossless picture of one pixel may have no more bytes than 28.
  if (type !== chunk.vp8l && view.byteLength < 30) return damaged("the WebP ends within its header");
  switch (type) {
    case chunk.vp8: {
      const [width, height] = [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
      return pictureOf("webp", { width, height });
    }
    case chunk.vp8l: {
      const bits = view.getUint32(21, true);
      return pictureOf("webp", { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 });
    }
    case chunk.vp8x: {
      const canvas = { width: uint24(view, 24) + 1, height: uint24(view, 27) + 1 };
      const { orientation, frames } = extensions(view);
      const animated = (view.getUint8(20) & animationFlag) !== 0;
      return pictureOf("webp", canvas, { orientation, frames: animated ? frames : null });
    }
    default:
      return damaged("the WebP has no image data");
  }
}

function extensions(view: DataView): { readonly orientation: Orientation | undefined; readonly frames: number } {
  let orientation: Orientation | undefined;
  let frames = 0;
  let at = 30;
  for (let seen = 0; seen < mostChunks && at + 8 <= view.byteLength; seen++) {
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > view.byteLength) break;
    const type = view.getUint32(at);
    if (type === chunk.anmf) frames++;
    if (type === chunk.exif)
      orientation ??= exifOrientation(new DataView(view.buffer, view.byteOffset + at + 8, length));
    // Chunks have even sizes.
    at += 8 + length + (length % 2);
  }
  return { orientation, frames };
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}
