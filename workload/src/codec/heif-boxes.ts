/** The boxes of an ISO base media file (ISO/IEC 14496-12, section 4.2), as AVIF and HEIC have them. Pure; reads within bounds. */

export interface Box {
  /** Four characters. */
  readonly type: string;
  readonly content: DataView;
}

/** Each takes time to read: a file of empty boxes must not keep the main thread busy. Files have about twenty. */
const mostBoxes = 1000;

/** The boxes in `view`, up to the first that is cut off. */
export function* boxesOf(view: DataView): Generator<Box> {
  let at = 0;
  for (let seen = 0; seen < mostBoxes && at + 8 <= view.byteLength; seen++) {
    const short = view.getUint32(at);
    const head = short === 1 ? 16 : 8;
    if (at + head > view.byteLength) return;
    // 0: up to the end of the file; 1: the length has 64 bits.
    const length = short === 0 ? view.byteLength - at : short === 1 ? Number(view.getBigUint64(at + 8)) : short;
    if (length < head || at + length > view.byteLength) return;
    yield { type: text(view, at + 4), content: part(view, at + head, length - head) };
    at += length;
  }
}

/** The content of the first box that this path of types leads to. */
export function findBox(view: DataView, [type, ...rest]: readonly string[]): DataView | undefined {
  for (const box of boxesOf(view)) {
    if (box.type !== type) continue;
    // `meta` has a version and flags before its boxes.
    const content = type === "meta" ? part(box.content, 4) : box.content;
    return rest.length === 0 ? content : findBox(content, rest);
  }
  return undefined;
}

/** The brands of a file: the main one first; empty: the file is of another kind. */
export function brandsOf(view: DataView): readonly string[] {
  if (view.byteLength < 16 || text(view, 4) !== "ftyp") return [];
  const end = Math.min(view.getUint32(0), view.byteLength, 256);
  const brands = [text(view, 8)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text(view, at));
  return brands;
}

export function part(view: DataView, from: number, length = view.byteLength - from): DataView {
  if (from > view.byteLength || length < 0) return new DataView(view.buffer, view.byteOffset, 0);
  return new DataView(view.buffer, view.byteOffset + from, Math.min(length, view.byteLength - from));
}

function text(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
