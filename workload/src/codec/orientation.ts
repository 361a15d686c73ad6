/**
 * How a picture is turned for display: by Exif's tag 274, the same for every format, applied here and nowhere else. The
 * decoders return the pixels as they are stored; a decoder that turned them itself could disagree with the header. Pure.
 */
import type { Size } from "../core/picture.ts";

/** CIPA DC-008, section 4.6.4: where the stored first row and first column are in the displayed picture. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The stored size of a picture by its displayed one, and the other way round: from 5 on, rows become columns. */
export function turnedSize({ width, height }: Size, orientation: Orientation): Size {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** Where stored pixels belong in the displayed picture: pixel (x, y) at index `first + x * right + y * down`. */
export interface Placement {
  readonly first: number;
  readonly right: number;
  readonly down: number;
}

/** `stored` is the size before the picture is turned. */
export function placement({ width: w, height: h }: Size, orientation: Orientation): Placement {
  switch (orientation) {
    case 1:
      return { first: 0, right: 1, down: w };
    case 2:
      return { first: w - 1, right: -1, down: w };
    case 3:
      return { first: w * h - 1, right: -1, down: -w };
    case 4:
      return { first: w * (h - 1), right: 1, down: -w };
    case 5:
      return { first: 0, right: h, down: 1 };
    case 6:
      return { first: h - 1, right: h, down: -1 };
    case 7:
      return { first: w * h - 1, right: -h, down: -1 };
    case 8:
      return { first: h * (w - 1), right: -h, down: 1 };
  }
}
