/** Decodes a picture as a worker does. */
import { decodeInto, type Decoded } from "../codec/decode.ts";
import type { PictureHeader } from "../codec/header-reading.ts";
import { readPictureHeader } from "../codec/picture-header.ts";

export interface DecodedPicture extends Decoded {
  readonly header: PictureHeader;
  /** Three bytes a pixel. */
  readonly rgb: Buffer;
}

export async function decodePicture(file: Buffer, { flatten = false } = {}): Promise<DecodedPicture> {
  const reading = readPictureHeader(file);
  if (reading.kind !== "picture") throw new Error(reading.message);
  const { header } = reading;
  const rgb = Buffer.alloc(header.width * header.height * 3);
  return { header, rgb, ...(await decodeInto(rgb, file, header, flatten)) };
}
