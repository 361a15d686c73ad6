/** Whether two processors make the same picture. */
import { readFile } from "node:fs/promises";
import sharp from "sharp";

export interface Difference {
  /** In decibels; null if the pictures are equal. */
  readonly psnr: number | null;
  /** The largest difference of a value of 0 to 255. */
  readonly most: number;
}

export async function pixelDifference(picture: string, ports: readonly [number, number]): Promise<Difference> {
  const body = await readFile(picture);
  const [one, other] = await Promise.all(ports.map(async (port) => pixelsOf(port, body)));
  if (one === undefined || other?.length !== one.length) throw new Error("the two pictures have different sizes");
  return differenceOf(one, other);
}

/** Of two pictures of one size. Pure. */
export function differenceOf(one: Uint8Array, other: Uint8Array): Difference {
  let squares = 0;
  let most = 0;
  for (const [index, value] of one.entries()) {
    const difference = Math.abs(value - (other[index] ?? 0));
    squares += difference * difference;
    most = Math.max(most, difference);
  }
  return { psnr: squares === 0 ? null : 10 * Math.log10((255 * 255 * one.length) / squares), most };
}

/** Lossless, so that only the model's result differs. */
async function pixelsOf(port: number, body: Buffer): Promise<Buffer> {
  const headers = { "content-type": "image/jpeg", accept: "image/png" };
  const response = await fetch(`http://127.0.0.1:${port}/v1/process`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
  return sharp(Buffer.from(await response.arrayBuffer()))
    .raw()
    .toBuffer();
}
