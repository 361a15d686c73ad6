/** Encoded pictures: the formats that the processor reads and writes. */

export const pictureFormats = ["jpeg", "png", "webp"] as const;
export type PictureFormat = (typeof pictureFormats)[number];

export interface ProcessOptions {
  readonly format: PictureFormat;
  /** 1 to 100; ignored for PNG. */
  readonly quality: number;
}
