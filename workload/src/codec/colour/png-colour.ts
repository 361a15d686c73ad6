/**
 * The colour space of a PNG, by its chunks in the order in which they count: cICP, iCCP, sRGB, then cHRM and gAMA
 * (PNG, third edition, section 4.3). Pure.
 */
import { inflateSync } from "node:zlib";
import { chunksOf } from "../png-chunks.ts";
import { codedSpace } from "./coded-space.ts";
import { bt709, srgbCurve, xyzOf, type Chromaticities, type ColourDescription } from "./colour-space.ts";
import { power } from "./icc-profile.ts";

/** The content of the chunks before the pixels, by type; of several, the first. */
function chunksBeforePixels(png: Buffer): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (const { type, content } of chunksOf(png)) {
    if (type === "IDAT" || chunks.size > 100) break;
    if (!chunks.has(type)) chunks.set(type, content);
  }
  return chunks;
}

/** A profile of a few kilobytes may claim to be any size. */
const mostProfileBytes = 8 * 1024 * 1024;

export function pngColour(png: Buffer): ColourDescription {
  const chunks = chunksBeforePixels(png);
  const [primaries = 0, transfer = 0, , isFullRange] = chunks.get("cICP") ?? [];
  const space = isFullRange === 1 ? codedSpace(primaries, transfer) : undefined;
  if (space !== undefined) return { kind: "space", space };
  const profile = chunks.get("iCCP");
  if (profile !== undefined) return inflated(profile);
  if (chunks.has("sRGB")) return { kind: "srgb" };
  return measured(chunks.get("cHRM"), chunks.get("gAMA"));
}

/** A name of up to 79 bytes, a zero, the compression method, then the profile. */
function inflated(chunk: Buffer): ColourDescription {
  const nameEnd = chunk.indexOf(0);
  try {
    const bytes = inflateSync(chunk.subarray(nameEnd + 2), { maxOutputLength: mostProfileBytes });
    return { kind: "profile", bytes };
  } catch (error) {
    return { kind: "invalid", message: `the colour profile cannot be inflated: ${(error as Error).message}` };
  }
}

/** Units of a hundred-thousandth (sections 11.3.2.1 and 11.3.2.2). */
const chunkUnit = 100_000;

function measured(chromaticities: Buffer | undefined, gamma: Buffer | undefined): ColourDescription {
  const hasPrimaries = chromaticities !== undefined && chromaticities.length >= 32;
  const exponent = gamma !== undefined && gamma.length >= 4 ? gamma.readUInt32BE(0) / chunkUnit : undefined;
  if (exponent === 0 || (!hasPrimaries && exponent === undefined)) return { kind: "srgb" };
  const primaries = hasPrimaries ? readPrimaries(chromaticities) : bt709;
  // 1/2.2 is how programs write sRGB's curve in this chunk, and libpng and browsers read it.
  const isSrgbCurve = exponent === undefined || Math.abs(exponent - 1 / 2.2) < 0.005;
  const curve = isSrgbCurve ? srgbCurve : power(1 / exponent);
  return { kind: "space", space: { curves: [curve], toXyz: xyzOf(primaries) } };
}

function readPrimaries(chunk: Buffer): Chromaticities {
  const pair = (at: number) => [chunk.readUInt32BE(at) / chunkUnit, chunk.readUInt32BE(at + 4) / chunkUnit] as const;
  return { white: pair(0), red: pair(8), green: pair(16), blue: pair(24) };
}
