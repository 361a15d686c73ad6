/** What the colours of a file's pixels are, and how they become sRGB: the same for every format. Pure, with a cache. */
import type { PictureFormat } from "../../work/picture.ts";
import { jpegSegments, marker } from "../jpeg-segments.ts";
import { avifColour } from "./avif-colour.ts";
import type { ColourSpace } from "./colour-space.ts";
import { readProfile } from "./icc-profile.ts";
import { pngColour, type ColourWords } from "./png-colour.ts";
import { SrgbConversion } from "./to-srgb.ts";

export type PictureColour =
  | { readonly kind: "srgb" }
  | { readonly kind: "other"; readonly conversion: SrgbConversion }
  /** By tables, which libvips applies. */
  | { readonly kind: "tables" }
  /** What the file says about its colours cannot be used: they are taken as sRGB. */
  | { readonly kind: "invalid"; readonly message: string };

const srgb: PictureColour = { kind: "srgb" };

export function colourOf(format: PictureFormat, file: Buffer): PictureColour {
  switch (format) {
    case "jpeg":
      return colourOfProfile(jpegProfile(file));
    case "webp":
      return colourOfProfile(webpProfile(file));
    case "png":
      return colourOfWords(pngColour(file));
    case "avif":
      return colourOfWords(avifColour(file));
  }
}

function colourOfWords(words: ColourWords): PictureColour {
  if (words.kind === "profile") return colourOfProfile(words.bytes);
  return words.kind === "space" ? colourOfSpace(words.space) : words;
}

/** Nearly all pictures have one of a few profiles. */
const known = new Map<string, PictureColour>();
const mostKnown = 16;
/** Curves and a matrix need less; larger ones are tables, which libvips reads. */
const largestKnown = 16_384;

function colourOfProfile(profile: Buffer | undefined): PictureColour {
  if (profile === undefined) return srgb;
  const key = profile.toString("latin1");
  const found = known.get(key);
  if (found !== undefined) return found;
  const reading = readProfile(profile);
  const colour = reading.kind === "space" ? colourOfSpace(reading.space) : reading;
  if (profile.length > largestKnown) return colour;
  const [oldest] = known.keys();
  if (known.size >= mostKnown && oldest !== undefined) known.delete(oldest);
  known.set(key, colour);
  return colour;
}

function colourOfSpace(space: ColourSpace): PictureColour {
  const conversion = new SrgbConversion(space);
  return conversion.changesNothing ? srgb : { kind: "other", conversion };
}

const profileMark = "ICC_PROFILE\0";

/** ICC.1:2022, annex B.4: in segments APP2, each with its number and their count. */
function jpegProfile(file: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (const { code, content } of jpegSegments(file)) {
    if (code === marker.sos) break;
    if (code !== marker.app2 || content.byteLength < profileMark.length + 2) continue;
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    if (bytes.toString("latin1", 0, profileMark.length) !== profileMark) continue;
    parts[bytes[profileMark.length] ?? 0] ??= bytes.subarray(profileMark.length + 2);
  }
  return parts.length === 0 ? undefined : Buffer.concat(parts.filter((part) => part !== undefined));
}

/** RFC 9649, section 2.7: chunk ICCP follows VP8X. */
function webpProfile(file: Buffer): Buffer | undefined {
  if (file.toString("latin1", 12, 16) !== "VP8X" || file.toString("latin1", 30, 34) !== "ICCP") return undefined;
  return file.subarray(38, 38 + file.readUInt32LE(34));
}
