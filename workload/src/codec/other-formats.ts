/** Names formats that the processor does not read, with the way out. Pure. */
import { brandsOf } from "./heif-boxes.ts";
import { formatNames } from "../core/picture.ts";

const heic =
  "the picture is HEIC, whose codec HEVC is not included because it is patented: convert it to JPEG or AVIF, or let the phone send JPEG (iPhone: Settings, Camera, Formats, Most Compatible; web page: <input type=file accept=image/jpeg>)";

/** First bytes in Latin-1, from the formats' specifications. */
const starts: readonly (readonly [name: string, ...starts: string[]])[] = [
  ["a GIF", "GIF87a", "GIF89a"],
  ["a TIFF", "II*\0", "MM\0*"],
  ["a BMP", "BM"],
  ["JPEG XL", "\xff\x0a", "\0\0\0\x0cJXL \r\n\x87\n"],
  ["JPEG 2000", "\xff\x4f\xff\x51", "\0\0\0\x0cjP  \r\n\x87\n"],
  ["an icon", "\0\0\x01\0"],
  ["a PDF", "%PDF-"],
];

/** What to answer for bytes that are no picture which the processor reads. */
export function explainUnknown(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) return "the body is empty";
  const brands = brandsOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (brands.some((brand) => /^(hei[cxms]|hev[cxms])$/.test(brand))) return heic;
  const expected = `expected ${formatNames}`;
  if (brands.length > 0)
    return `the body is a video or another file of the kind ${quoted(brands[0] ?? "")}: ${expected}`;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 512)).toString("latin1");
  const [name = isSvg(start) ? "an SVG" : undefined] =
    starts.find(([, ...texts]) => texts.some((text) => start.startsWith(text))) ?? [];
  if (name !== undefined) return `the picture is ${name}: ${expected}`;
  return `the body starts with ${quoted(start.slice(0, 8))}, as no picture does: ${expected}`;
}

function isSvg(start: string): boolean {
  return start.trimStart().startsWith("<") && /<svg[\s>]/.test(start);
}

/** Control characters and others outside ASCII as they are written in JSON. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
