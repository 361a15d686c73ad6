/**
 * Why no decoder reads a PNG: libvips says only that its header is corrupt. For pictures that could not be decoded, as decoders pass
 * over some of these faults. Pure.
 */
import { chunksOf } from "./png-chunks.ts";

/** Those that PNG defines (third edition, section 11.2). */
const criticalChunks: ReadonlySet<string> = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);
const longestChunk = 2 ** 31 - 1;
const mostColours = 256;
const indexed = 3;

const noPalette = "the PNG's pixels are numbers of colours in a palette, and no palette (PLTE chunk) comes before them";

/** Returns the first fault before the pixels, or undefined. */
export function faultOfPng(png: Buffer): string | undefined {
  let [seen, palettes] = [0, 0];
  const colourType = png[25];
  for (const { type, content, length } of chunksOf(png, { cutOff: true })) {
    if (type === "IDAT") return colourType === indexed && palettes === 0 ? noPalette : undefined;
    const fault = faultOfChunk(type, length) ?? (seen === 0 ? faultOfHeader(content) : undefined);
    if (fault !== undefined) return fault;
    if (type === "IHDR" && seen > 0) return "the PNG has more than one IHDR chunk";
    if (type === "PLTE" && ++palettes > 1) return "the PNG has more than one palette (PLTE chunk)";
    if (type === "PLTE" && colourType === indexed && !isPalette(length))
      return `the PNG's palette (PLTE chunk) has ${length} bytes: expected three for each of 1 to ${mostColours} colours`;
    seen++;
  }
  return undefined;
}

function faultOfChunk(type: string, length: number): string | undefined {
  if (!/^[A-Za-z]{4}$/.test(type))
    return `the PNG has a chunk of type ${JSON.stringify(type)}, which is not four letters`;
  if (length > longestChunk) return `the PNG has a ${type} chunk of ${length} bytes, the most is ${longestChunk}`;
  // Section 5.4: an upper-case first letter means that the picture cannot be shown without knowing the chunk.
  if (/^[A-Z]/.test(type) && !criticalChunks.has(type))
    return `the PNG has a chunk ${type}, which is marked as critical and which PNG does not define: save the picture as an ordinary PNG`;
  return undefined;
}

/** The content of IHDR (section 11.2.1), whose other fields are checked before decoding. */
function faultOfHeader(ihdr: Buffer): string | undefined {
  if (ihdr.length !== 13) return `the PNG's IHDR chunk has ${ihdr.length} bytes instead of 13`;
  const [compression, filter, interlace = 0] = ihdr.subarray(10);
  if (compression !== 0) return `the PNG has compression method ${compression}, which PNG does not define`;
  if (filter !== 0) return `the PNG has filter method ${filter}, which PNG does not define`;
  if (interlace > 1) return `the PNG has interlace method ${interlace}, which PNG does not define`;
  return undefined;
}

function isPalette(bytes: number): boolean {
  return bytes > 0 && bytes % 3 === 0 && bytes / 3 <= mostColours;
}
