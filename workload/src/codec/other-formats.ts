/** Names formats that the processor does not read, with the way out. Pure. */
import { brandsOf } from "./heif-boxes.ts";
import { formatNames } from "../core/picture.ts";

const heic =
  "the picture is HEIC, whose codec HEVC is not included because it is patented: convert it to JPEG or AVIF, or let the phone send JPEG (iPhone: Settings, Camera, Formats, Most Compatible; web page: <input type=file accept=image/jpeg>)";

/** First bytes in Latin-1, from the formats' specifications. */
const starts: readonly (readonly [name: string, ...starts: string[]])[] = [
  ["a GIF", "GIF87a", "GIF89a"],
  // The last two are those of BigTIFF.
  ["a TIFF", "II*\0", "MM\0*", "II+\0", "MM\0+"],
  ["JPEG XL", "\xff\x0a", "\0\0\0\x0cJXL \r\n\x87\n"],
  ["JPEG 2000", "\xff\x4f\xff\x51", "\0\0\0\x0cjP  \r\n\x87\n"],
  ["a Photoshop file", "8BPS\0\x01", "8BPS\0\x02"],
];

/** The lengths of a BMP's second header, in bytes: a text may begin with BM, too. */
const bmpHeaders: ReadonlySet<number> = new Set([12, 40, 52, 56, 64, 108, 124]);

/** How a picture begins as Base64: JPEG, PNG, WebP. */
const base64Starts = ["/9j/", "iVBORw0KGgo", "UklGR"];

/** The bytes that decide: in an SVG, a declaration, comments and a document type may come before the first element. */
export const decidingBytes = 512;

export interface UnknownFormat {
  readonly kind: "unknown-format";
  /** A picture, of a format that the processor does not read. */
  readonly isPicture: boolean;
  /** Names what it is, if that is known, and the way out. */
  readonly message: string;
}

/** What to answer for bytes that are no picture which the processor reads. */
export function explainUnknown(bytes: Uint8Array): UnknownFormat {
  if (bytes.byteLength === 0) return unknown("the body is empty", false);
  const brands = brandsOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (brands.some((brand) => /^(hei[cxms]|hev[cxms])$/.test(brand))) return unknown(heic, true);
  const expected = `expected ${formatNames}`;
  const [brand] = brands;
  if (brands.some((each) => heifPicture.test(each)))
    return unknown(`the picture is HEIF of the kind ${quoted(brand ?? "")}: ${expected}`, true);
  if (brand !== undefined)
    return unknown(`the body is a video or another file of the kind ${quoted(brand)}: ${expected}`, false);
  const length = Math.min(bytes.byteLength, decidingBytes);
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
  const name = pictureName(start);
  if (name !== undefined) return unknown(`the picture is ${name}: ${expected}`, true);
  return unknown(`the body ${whatElse(start)}: ${expected}`, false);
}

function whatElse(start: string): string {
  if (start.startsWith("%PDF-")) return "is a PDF";
  if (start.startsWith("\x1f\x8b")) return "is compressed, and no Content-Encoding: gzip states so";
  const isBase64 = base64Starts.some((text) => start.startsWith(text)) || /^data:[^,]*;base64,/.test(start);
  return isBase64
    ? "is Base64 text, not the bytes themselves"
    : `starts with ${quoted(start.slice(0, 8))}, as no picture does`;
}

function pictureName(start: string): string | undefined {
  if (
    start.startsWith("BM") &&
    start.length >= 18 &&
    bmpHeaders.has(Buffer.from(start.slice(14, 18), "latin1").readUIntLE(0, 4))
  )
    return "a BMP";
  if (svg.test(start)) return "an SVG";
  if (isIcon(start)) return "an icon";
  return starts.find(([, ...texts]) => texts.some((text) => start.startsWith(text)))?.[0];
}

/** An icon or a cursor: a TGA, too, may begin with the same four bytes, but not with a number of pictures. */
function isIcon(start: string): boolean {
  return (
    (start.startsWith("\0\0\x01\0") || start.startsWith("\0\0\x02\0")) &&
    !start.startsWith("\0\0", 4) &&
    start.length >= 6
  );
}

/** Brands of still pictures (HEIF: any codec, AVC, JPEG 2000), and of Canon's raw pictures. */
const heifPicture = /^(mif[12]|avci|j2ki|crx )$/;

function unknown(message: string, isPicture: boolean): UnknownFormat {
  return { kind: "unknown-format", isPicture, message };
}

const svg = svgStart();

/** An HTML page may contain an SVG: only the first element decides, or the document type. */
function svgStart(): RegExp {
  const byteOrderMark = "(?:\\xef\\xbb\\xbf)?";
  // Each ends at its first end: with an end that could be skipped, the time would grow exponentially with the comments.
  const declaration = String.raw`<\?(?:(?!\?>)[^])*\?>`;
  const comment = "<!--(?:(?!-->)[^])*-->";
  return new RegExp(`^${byteOrderMark}(?:\\s|${declaration}|${comment})*<(?:!DOCTYPE\\s+)?(?:svg:)?svg[\\s>/]`);
}

/** Control characters and others outside ASCII as they are written in JSON. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
