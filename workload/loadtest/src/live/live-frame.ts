/** A picture as a frame of video. */
import sharp from "sharp";
import type { Picture } from "../target/pictures.ts";

/** What the processor allows a session by default is 2500. */
const mostKbps = 2000;
/** From good to poor: the first that fits is used, else the last. */
const qualities = [75, 60, 45, 30, 20, 10, 5, 1];

/**
 * The picture as a VP8 key frame: a lossy WebP contains one (RFC 9649, section 2.5). Video of key frames only needs more bits than a
 * camera's at the same quality, so the quality is chosen for a bit rate that browsers use.
 */
export async function liveFrame({ body }: Pick<Picture, "body">, framesPerSecond: number): Promise<Buffer> {
  const opaque = await sharp(body).autoOrient().flatten().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = opaque.info;
  const raw = { width, height, channels };
  let frame: Buffer = Buffer.alloc(0);
  for (const quality of qualities) {
    frame = vp8Of(await sharp(opaque.data, { raw }).webp({ quality }).toBuffer());
    if ((frame.length * 8 * framesPerSecond) / 1000 <= mostKbps) break;
  }
  return frame;
}

/** The chunk `VP8 ` of a WebP file: four letters, its length, its bytes, and one more where that is odd. */
function vp8Of(webp: Buffer): Buffer {
  let at = 12;
  while (at + 8 <= webp.length) {
    const length = webp.readUInt32LE(at + 4);
    if (webp.toString("latin1", at, at + 4) === "VP8 ") return webp.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length & 1);
  }
  throw new Error("sharp made a lossy WebP without VP8");
}
