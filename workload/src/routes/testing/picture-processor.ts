/** A whole processor for the tests of one suite, and pictures to post to it. */
import { crc32 } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { photograph } from "../../testing/photographs.ts";
import { realProcessor, type RealProcessor } from "./real-processor.ts";

export interface Answer {
  readonly response: Response;
  readonly bytes: Uint8Array;
}

export interface PictureProcessor {
  /** Of the processor; from the first test on. */
  readonly url: () => string;
  /** Posts a picture to `/v1/process`; labelled image/jpeg unless `headers` have a type. */
  readonly post: (body: Uint8Array, headers?: Record<string, string>, query?: string) => Promise<Answer>;
}

/** Call it in a suite: it starts a processor with a limit of a million pixels before the tests, and stops it after them. */
export function pictureProcessor(): PictureProcessor {
  let processor: RealProcessor;
  before(async () => {
    processor = await realProcessor({ limits: { pixels: 1_000_000 } });
  });
  after(async () => processor[Symbol.asyncDispose]());
  return {
    url: () => processor.url,
    post: async (body, headers = {}, query = "") => {
      const response = await fetch(`${processor.url}/v1/process${query}`, {
        method: "POST",
        body: new Uint8Array(body),
        headers: { "content-type": "image/jpeg", ...headers },
      });
      return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
    },
  };
}

/** One colour. */
export function picture(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: "#8040c0" } });
}

export async function png(width: number, height: number): Promise<Buffer> {
  return picture(width, height).png().toBuffer();
}

/** The same PNG with different dimensions in its header. */
export function resized(png: Buffer, width: number, height: number): Buffer {
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

/** The first bytes of a photograph. */
export async function truncated(format: "png" | "webp" | "avif"): Promise<Buffer> {
  return (await sharp(photograph("flower")).toFormat(format, { effort: 1 }).toBuffer()).subarray(0, 9000);
}
