/** What the colours of a file's pixels are, and how they become sRGB: the same for every format. Pure, with a cache. */
import type { PictureFormat } from "../../core/picture.ts";
import { jpegSegments, marker } from "../jpeg-segments.ts";
import { avifColour } from "./avif-colour.ts";
import { isSrgb, type ColourDescription, type ColourSpace } from "./colour-space.ts";
import { readProfile } from "./icc-profile.ts";
import { pngColour } from "./png-colour.ts";
import { SrgbConversion } from "./to-srgb.ts";

export type PictureColour =
  | { readonly kind: "srgb" }
  | { readonly kind: "other"; readonly conversion: SrgbConversion }
  /** By tables, which libvips applies. */
  | { readonly kind: "tables" }
  /** The file's description of its colours cannot be used: they are taken as sRGB. */
  | { readonly kind: "invalid"; readonly message: string };

const srgb = { kind: "srgb" } as const;

export function colourOf(format: PictureFormat, file: Buffer): PictureColour {
  const described = descriptionOf(format, file);
  if (described.kind === "space") return colourOfSpace(described.space);
  if (described.kind !== "profile") return described;
  const { channels, colour } = knownProfile(described.bytes);
  if (channels === 3 || (channels === 1 && isGreyPicture(format, file))) return colour;
  return { kind: "invalid", message: `the colour profile is for ${channels} channels, the picture has others` };
}

function descriptionOf(format: PictureFormat, file: Buffer): ColourDescription {
  switch (format) {
    case "jpeg":
      return jpegColour(file);
    case "webp":
      return webpColour(file);
    case "png":
      return pngColour(file);
    case "avif":
      return avifColour(file);
  }
}

/** Whether a profile for grey may describe the picture; one for RGB may describe any. */
function isGreyPicture(format: PictureFormat, file: Buffer): boolean {
  if (format === "png") return ((file[pngColourType] ?? 0) & pngColourUsed) === 0;
  if (format !== "jpeg") return false;
  for (const segment of jpegSegments(file)) {
    const { code } = segment;
    if (code === marker.sos) break;
    if (code === marker.sof0 || code === marker.sof1 || code === marker.sof2) return segment.content.getUint8(5) === 1;
  }
  return false;
}

/** PNG, third edition, section 11.2.1: of IHDR. */
const pngColourType = 25;
const pngColourUsed = 2;

/** Nearly all pictures have one of a few profiles. */
const known = new Map<string, ProfileColour>();
const mostKnown = 16;
/** Curves and a matrix need less; larger ones are tables, which libvips reads. */
const largestKnown = 16_384;

interface ProfileColour {
  readonly channels: number;
  readonly colour: PictureColour;
}

function knownProfile(profile: Buffer): ProfileColour {
  const key = profile.toString("latin1");
  const found = known.get(key);
  if (found !== undefined) return found;
  const reading = readProfile(profile);
  const entry: ProfileColour =
    reading.kind === "invalid"
      ? { channels: 3, colour: reading }
      : {
          channels: reading.channels,
          colour: reading.kind === "space" ? colourOfSpace(reading.space) : { kind: "tables" },
        };
  if (profile.length > largestKnown) return entry;
  const [oldest] = known.keys();
  if (known.size >= mostKnown && oldest !== undefined) known.delete(oldest);
  known.set(key, entry);
  return entry;
}

function colourOfSpace(space: ColourSpace): PictureColour {
  // As chunks of PNG and AVIF describe it; a conversion takes milliseconds to prepare.
  if (isSrgb(space)) return srgb;
  const conversion = new SrgbConversion(space);
  return conversion.changesNothing ? srgb : { kind: "other", conversion };
}

const profileMark = "ICC_PROFILE\0";

/** ICC.1:2022, annex B.4: in segments APP2, each with its number and their count. */
function jpegColour(file: Buffer): ColourDescription {
  const parts: Buffer[] = [];
  for (const { code, from, to } of jpegSegments(file)) {
    if (code === marker.sos) break;
    if (code !== marker.app2) continue;
    // Behind marker and length.
    const bytes = file.subarray(from + 4, to);
    if (bytes.toString("latin1", 0, profileMark.length) !== profileMark) continue;
    parts[bytes[profileMark.length] ?? 0] ??= bytes.subarray(profileMark.length + 2);
  }
  return parts.length === 0
    ? srgb
    : { kind: "profile", bytes: Buffer.concat(parts.filter((part) => part !== undefined)) };
}

/** RFC 9649, section 2.7: chunk ICCP follows VP8X. */
function webpColour(file: Buffer): ColourDescription {
  const hasProfile =
    file.toString("latin1", 12, 16) === "VP8X" && file.toString("latin1", 30, 34) === "ICCP" && file.length >= 38;
  if (!hasProfile) return srgb;
  return { kind: "profile", bytes: file.subarray(38, 38 + file.readUInt32LE(34)) };
}
