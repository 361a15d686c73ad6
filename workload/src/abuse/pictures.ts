/** Small pictures of every supported kind, cut from a photograph. */
import type { Sharp } from "sharp";
import { loadSharp } from "../codec/libraries.ts";
import { photographFile } from "../testing/photographs.ts";

const kinds = {
  jpeg: (picture: Sharp) => picture.jpeg(),
  "progressive jpeg": (picture: Sharp) => picture.jpeg({ progressive: true }),
  "grey jpeg": (picture: Sharp) => picture.toColourspace("b-w").jpeg(),
  "display p3 jpeg": (picture: Sharp) => picture.withIccProfile("p3").jpeg(),
  "cmyk jpeg": (picture: Sharp) => picture.toColourspace("cmyk").jpeg(),
  "rotated jpeg": (picture: Sharp) => picture.jpeg().withMetadata({ orientation: 6 }),
  png: (picture: Sharp) => picture.png(),
  "interlaced png": (picture: Sharp) => picture.png({ progressive: true }),
  "palette png": (picture: Sharp) => picture.png({ palette: true }),
  "16-bit png": (picture: Sharp) => picture.toColourspace("rgb16").png(),
  "display p3 png": (picture: Sharp) => picture.withIccProfile("p3").png(),
  "png with alpha": (picture: Sharp) => picture.ensureAlpha(0.5).png(),
  webp: (picture: Sharp) => picture.webp(),
  "lossless webp": (picture: Sharp) => picture.webp({ lossless: true }),
  "rotated png": (picture: Sharp) => picture.png().withMetadata({ orientation: 5 }),
  "display p3 webp": (picture: Sharp) => picture.withIccProfile("p3").webp(),
  "rotated webp with alpha": (picture: Sharp) => picture.ensureAlpha(0.5).webp().withMetadata({ orientation: 8 }),
  avif: (picture: Sharp) => picture.avif({ effort: 0 }),
  "display p3 avif": (picture: Sharp) => picture.withIccProfile("p3").avif({ effort: 0 }),
  "rotated avif with alpha": (picture: Sharp) =>
    picture.ensureAlpha(0.5).avif({ effort: 0 }).withMetadata({ orientation: 7 }),
} as const;

export type PictureKind = keyof typeof kinds;

export const pictureKinds = Object.keys(kinds) as readonly PictureKind[];

export async function smallPicture(kind: PictureKind, width = 40, height = 30): Promise<Buffer<ArrayBuffer>> {
  const cut = loadSharp()(photographFile("flower")).extract({ left: 100, top: 100, width, height });
  return Buffer.from(await kinds[kind](cut).toBuffer());
}
