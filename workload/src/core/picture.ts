/**
 * Pictures, and the formats that the processor reads and writes. This list is the only one: content types, the choice of a
 * response's format and the tables of docs/processor-api.md come from it.
 */
import { jpegWriteBytesPerPixel } from "@gpumedia/api/src/picture-memory.ts";

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface FormatDefinition {
  /** As people write it. */
  readonly name: string;
  readonly mediaType: string;
  /** The largest width or height that a file of it can have, in pixels. */
  readonly longestSide: number;
  /** Whether it can hold transparency; otherwise a transparent picture is put on white. */
  readonly transparency: boolean;
  /**
   * Memory that decoding it takes at the peak, in bytes per pixel, besides the file: measured with the most that it can have of bits,
   * channels, interlacing, progressive scans, turns and profiles (`abuse/memory.abuse.test.ts`).
   */
  readonly readBytesPerPixel: number;
  /** Memory that writing it takes at the peak, in bytes per pixel: measured with a transparent picture, where it can be one. */
  readonly writeBytesPerPixel: number;
  /** Whether it takes much longer to write than the others, while a client waits. */
  readonly slowToWrite: boolean;
  /** Whether `?quality=` has an effect. */
  readonly quality: boolean;
  /** Markdown, for the page. */
  readonly read: string;
}

export const formats = {
  jpeg: {
    name: "JPEG",
    mediaType: "image/jpeg",
    // libjpeg's JPEG_MAX_DIMENSION; the format itself has 65,535.
    longestSide: 65_500,
    readBytesPerPixel: 13,
    writeBytesPerPixel: jpegWriteBytesPerPixel,
    transparency: false,
    slowToWrite: false,
    quality: true,
    read: "baseline, progressive, arithmetic; YCbCr, RGB, grey, CMYK",
  },
  png: {
    name: "PNG",
    mediaType: "image/png",
    // PNG, third edition, section 11.2.1.
    longestSide: 2 ** 31 - 1,
    readBytesPerPixel: 20,
    writeBytesPerPixel: 6,
    transparency: true,
    slowToWrite: false,
    quality: false,
    read: "1 to 16 bits; of an animation (APNG) the first frame",
  },
  webp: {
    name: "WebP",
    mediaType: "image/webp",
    // RFC 9649, section 2.5: 14 bits; libwebp's WEBP_MAX_DIMENSION.
    longestSide: 16_383,
    readBytesPerPixel: 16,
    writeBytesPerPixel: 15,
    transparency: true,
    slowToWrite: false,
    quality: true,
    read: "lossy, lossless; of an animation the first frame",
  },
  avif: {
    name: "AVIF",
    mediaType: "image/avif",
    // libvips' heifsave.
    longestSide: 16_384,
    readBytesPerPixel: 31,
    writeBytesPerPixel: 35,
    transparency: true,
    slowToWrite: true,
    quality: true,
    read: "8 to 12 bits; of an animation the still that stands for it",
  },
} as const satisfies Readonly<Record<string, FormatDefinition>>;

export type PictureFormat = keyof typeof formats;
export const pictureFormats = Object.keys(formats) as readonly PictureFormat[];

export interface ProcessOptions {
  /** The acceptable formats of the result, best first: the first that can hold it is used. */
  readonly formats: readonly PictureFormat[];
  /** 1 to 100; ignored for PNG. */
  readonly quality: number;
}

export interface EncodeOptions {
  readonly format: PictureFormat;
  /** 1 to 100; ignored for PNG. */
  readonly quality: number;
}

/** `JPEG, PNG, WebP or AVIF` */
export const formatNames = listed(pictureFormats.map((format) => formats[format].name));

/** `image/jpeg, image/png, image/webp or image/avif` */
export const mediaTypeNames = listed(pictureFormats.map((format) => formats[format].mediaType));

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1) ?? ""}`;
}
