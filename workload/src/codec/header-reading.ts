/** What is known about a picture before it is decoded. */

export interface PictureHeader {
  readonly format: "jpeg" | "png" | "webp";
  /** As a viewer shows it: after the EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** An 8-bit grey or YCbCr JPEG that needs no rotation: turbo-jpeg decodes it, sharp everything else. */
  readonly simpleJpeg: boolean;
}

export type HeaderReading =
  | { readonly kind: "picture"; readonly header: PictureHeader }
  | { readonly kind: "unknown-format" }
  | { readonly kind: "damaged"; readonly message: string };

export function damaged(message: string): HeaderReading {
  return { kind: "damaged", message };
}
