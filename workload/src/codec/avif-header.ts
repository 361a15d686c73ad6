/**
 * Reads the size of an AVIF (HEIF, ISO/IEC 23008-12; AV1 Image File Format 1.1) and the frames of its animation. Its picture is
 * turned by the properties `irot` and `imir`, which the decoder applies; Exif does not count (HEIF, section A.4). Pure.
 */
import type { Size } from "../core/picture.ts";
import { boxesOf, findBox, part, type Box } from "./heif-boxes.ts";
import { damaged, pictureOf, type HeaderReading } from "./header-reading.ts";

export function readAvifHeader(view: DataView): HeaderReading {
  const properties = stillProperties(view);
  if (properties === undefined) return damaged("the AVIF has no still picture");
  const size = displayedSize(properties);
  if (size === undefined) return damaged("the AVIF does not state its size");
  return pictureOf("avif", size, { frames: framesOf(view) });
}

/** The properties of the picture that stands for the file, in the order in which they apply; undefined: there is none. */
export function stillProperties(view: DataView): readonly (Box | undefined)[] | undefined {
  const meta = findBox(view, ["meta"]);
  if (meta === undefined) return undefined;
  const properties = [...boxesOf(findBox(meta, ["iprp", "ipco"]) ?? part(view, view.byteLength))];
  return propertiesOf(meta, primaryItem(meta)).map((index) => properties[index - 1]);
}

/** Whether the picture's colours are stored multiplied by its alpha (HEIF, reference `prem` from the picture to its alpha). */
export function isPremultiplied(avif: Buffer): boolean {
  const meta = findBox(new DataView(avif.buffer, avif.byteOffset, avif.byteLength), ["meta"]);
  const iref = meta && findBox(meta, ["iref"]);
  if (meta === undefined || iref === undefined || iref.byteLength < 4) return false;
  const idBytes = iref.getUint8(0) === 0 ? 2 : 4;
  const primary = primaryItem(meta);
  for (const { type, content } of boxesOf(part(iref, 4))) {
    if (type !== "prem" || content.byteLength < idBytes) continue;
    if ((idBytes === 2 ? content.getUint16(0) : content.getUint32(0)) === primary) return true;
  }
  return false;
}

/** HEIF, section 6.10.1; 0: there is none. */
function primaryItem(meta: DataView): number {
  const pitm = findBox(meta, ["pitm"]);
  if (pitm === undefined || pitm.byteLength < 6) return 0;
  if (pitm.getUint8(0) === 0) return pitm.getUint16(4);
  return pitm.byteLength < 8 ? 0 : pitm.getUint32(4);
}

/** The numbers, from 1, of an item's properties in the order in which they apply (HEIF, section 9.3). */
function propertiesOf(meta: DataView, item: number): readonly number[] {
  const ipma = findBox(meta, ["iprp", "ipma"]);
  if (ipma === undefined || ipma.byteLength < 8) return [];
  const wideItems = ipma.getUint8(0) >= 1;
  const wideIndexes = (ipma.getUint8(3) & 1) === 1;
  const [itemBytes, indexBytes] = [wideItems ? 4 : 2, wideIndexes ? 2 : 1];
  let at = 8;
  while (at + itemBytes + 1 <= ipma.byteLength) {
    const id = wideItems ? ipma.getUint32(at) : ipma.getUint16(at);
    const count = ipma.getUint8(at + itemBytes);
    at += itemBytes + 1;
    if (at + count * indexBytes > ipma.byteLength) return [];
    if (id === item) {
      return Array.from({ length: count }, (_, index) =>
        wideIndexes ? ipma.getUint16(at + index * 2) & 0x7fff : ipma.getUint8(at + index) & 0x7f,
      );
    }
    at += count * indexBytes;
  }
  return [];
}

function displayedSize(properties: readonly (Box | undefined)[]): Size | undefined {
  let size: Size | undefined;
  for (const property of properties) {
    if (property === undefined) continue;
    const { type, content } = property;
    if (type === "ispe" && content.byteLength >= 12) {
      size = { width: content.getUint32(4), height: content.getUint32(8) };
    }
    // The clean aperture: a part of the picture, its sides as fractions.
    if (type === "clap" && content.byteLength >= 16 && size !== undefined) {
      size = {
        width: Math.round(content.getUint32(0) / content.getUint32(4)),
        height: Math.round(content.getUint32(8) / content.getUint32(12)),
      };
    }
    if (type === "irot" && content.byteLength >= 1 && size !== undefined && content.getUint8(0) % 2 === 1) {
      size = { width: size.height, height: size.width };
    }
  }
  return size;
}

/** Of the first track; null: there is none. */
function framesOf(view: DataView): number | null {
  const sizes = findBox(view, ["moov", "trak", "mdia", "minf", "stbl", "stsz"]);
  return sizes === undefined || sizes.byteLength < 12 ? null : sizes.getUint32(8);
}
