/** Reads the chunks of a PNG that describe the picture (PNG, third edition, section 11). Pure. */
import { exifOrientation } from "./exif.ts";
import { damaged, pictureOf, type HeaderReading } from "./header-reading.ts";
import type { Orientation } from "./orientation.ts";

const chunk = {
  cgbi: 0x43674249,
  ihdr: 0x49484452,
  actl: 0x6163544c,
  idat: 0x49444154,
  exif: 0x65584966,
  iend: 0x49454e44,
};

/** Xcode rewrites the PNGs of apps: another order of channels, and pixels without zlib's header. */
const forApple =
  "the PNG begins with the chunk CgBI: Xcode made it for iOS apps, and only Apple's programs read it; send the original";

/** The bit depths of each colour type (section 11.2.1): libvips refuses others without a reason. */
const bitDepths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Each takes time to read: a file of 12-byte chunks must not keep the main thread busy. Encoders write one for 8 KiB or more. */
const mostChunks = 100_000;

export function readPngHeader(view: DataView): HeaderReading {
  // IHDR comes first.
  if (view.byteLength >= 16 && view.getUint32(12) === chunk.cgbi) return damaged(forApple);
  if (view.byteLength < 33 || view.getUint32(12) !== chunk.ihdr) return damaged("the PNG has no IHDR chunk");
  const [bits, colourType] = [view.getUint8(24), view.getUint8(25)];
  if (bitDepths[colourType]?.includes(bits) !== true) {
    return damaged(`the PNG has colour type ${colourType} with ${bits} bits, which PNG does not define`);
  }
  const stored = { width: view.getUint32(16), height: view.getUint32(20) };
  let frames: number | null = null;
  let orientation: Orientation | undefined;
  let hasPixels = false;
  let at = 33;
  for (let seen = 0; seen < mostChunks && at + 12 <= view.byteLength; seen++) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > view.byteLength) break;
    const type = view.getUint32(at + 4);
    if (type === chunk.iend) break;
    hasPixels ||= type === chunk.idat;
    // Behind the pixels, or with 0 frames, it is invalid (section 11.3.6.1), and the picture a still.
    if (type === chunk.actl && length >= 8 && !hasPixels) frames = view.getUint32(at + 8) || null;
    // It may also follow the pixels.
    if (type === chunk.exif)
      orientation ??= exifOrientation(new DataView(view.buffer, view.byteOffset + at + 8, length));
    at = end;
  }
  return pictureOf("png", stored, { orientation, frames });
}
