/** Damaged, forged and unusual pictures: each gets a clear response, and the next request is served. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { deflateSync, crc32 } from "node:zlib";
import type { UtilizationReport } from "@gpumedia/api";
import { loadSharp } from "../codec/libraries.ts";
import { pictureKinds, smallPicture } from "./pictures.ts";
import { type ProcessorProcess, processorProcess } from "./processor-process.ts";

/** A PNG that declares any size; its zeros compress to almost nothing. */
function png(width: number, height: number, pixelBytes: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const parts = [
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.alloc(pixelBytes))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...parts]);
}

function chunk(type: string, data: Buffer): Buffer {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const body = Buffer.concat([Buffer.from(type), data]);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The same JPEG with different dimensions in its frame header. */
function resized(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  const frame = changed.indexOf(Buffer.from([0xff, 0xc0]));
  changed.writeUInt16BE(height, frame + 5);
  changed.writeUInt16BE(width, frame + 7);
  return changed;
}

describe("unusual and damaged pictures", () => {
  let processor: ProcessorProcess;
  before(async () => {
    processor = await processorProcess();
  });
  after(async () => processor[Symbol.asyncDispose]());

  async function post(
    body: Buffer,
    accept = "image/*",
  ): Promise<{ readonly status: number; readonly kind: string | undefined; readonly bytes: Buffer }> {
    const headers = { "content-type": "application/octet-stream", accept };
    const response = await fetch(`${processor.url}/v1/process`, {
      method: "POST",
      body: new Uint8Array(body),
      headers,
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
    const { type } = (isProblem ? JSON.parse(bytes.toString()) : {}) as { type?: string };
    return { status: response.status, kind: type?.replace("urn:gpumedia:problem:", ""), bytes };
  }

  async function checkServing(): Promise<void> {
    assert.equal((await post(await smallPicture("jpeg"))).status, 200);
    const { workers } = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
    assert.equal(workers.restarts, 0);
  }

  for (const kind of pictureKinds) {
    it(`doubles a ${kind}`, async () => {
      const { status, bytes } = await post(await smallPicture(kind));
      assert.equal(status, 200);
      const { width, height } = await loadSharp()(bytes).metadata();
      // Rotated upright, as its orientation tag requires.
      const expected = kind === "rotated jpeg" ? [60, 80] : [80, 60];
      assert.deepEqual([width, height], expected);
    });
  }

  const sizes: readonly (readonly [width: number, height: number])[] = [
    [1, 1],
    [1, 40],
    [40, 1],
    [3, 2],
    [4000, 1],
  ];
  for (const [width, height] of sizes) {
    it(`doubles ${width}x${height}`, async () => {
      const { status, bytes } = await post(png(width, height, height * (1 + width * 3)), "image/png");
      assert.equal(status, 200);
      const { width: doubledWidth, height: doubledHeight } = await loadSharp()(bytes).metadata();
      assert.deepEqual([doubledWidth, doubledHeight], [width * 2, height * 2]);
    });
  }

  const rejected: readonly {
    readonly name: string;
    readonly picture: () => Promise<Buffer> | Buffer;
    readonly status: number;
    readonly kind: string;
  }[] = [
    { name: "text", picture: () => Buffer.from("hello"), status: 415, kind: "unsupported-format" },
    {
      name: "a GIF",
      picture: async () =>
        loadSharp()(await smallPicture("png"))
          .gif()
          .toBuffer(),
      status: 415,
      kind: "unsupported-format",
    },
    {
      name: "an SVG",
      picture: () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
      status: 415,
      kind: "unsupported-format",
    },
    {
      name: "the first bytes of a JPEG",
      picture: () => Buffer.from([0xff, 0xd8, 0xff]),
      status: 422,
      kind: "undecodable",
    },
    {
      name: "a JPEG truncated after its header",
      picture: async () => halfOf(await smallPicture("jpeg", 200, 200)),
      status: 422,
      kind: "undecodable",
    },
    {
      name: "a truncated PNG",
      picture: async () => halfOf(await smallPicture("png", 200, 200)),
      status: 422,
      kind: "undecodable",
    },
    {
      name: "a truncated WebP",
      picture: async () => halfOf(await smallPicture("webp", 200, 200)),
      status: 422,
      kind: "undecodable",
    },
    { name: "a PNG of 0x0", picture: () => png(0, 0, 1), status: 422, kind: "undecodable" },
    {
      name: "a JPEG of 0x0",
      picture: async () => resized(await smallPicture("jpeg"), 0, 0),
      status: 422,
      kind: "undecodable",
    },
    {
      name: "a JPEG that declares 65535x65535",
      picture: async () => resized(await smallPicture("jpeg"), 65_535, 65_535),
      status: 413,
      kind: "too-large",
    },
    {
      name: "a PNG of 50000x50000 in 200 bytes, before decoding",
      picture: () => png(50_000, 50_000, 100),
      status: 413,
      kind: "too-large",
    },
    { name: "a PNG without its pixels", picture: () => png(100, 100, 10), status: 422, kind: "undecodable" },
  ];
  for (const { name, picture, status, kind } of rejected) {
    it(`rejects ${name}: ${status} ${kind}`, async () => {
      const response = await post(await picture());
      assert.deepEqual({ status: response.status, kind: response.kind }, { status, kind });
      await checkServing();
    });
  }

  it("doubles a row of 65535 pixels, the most that a JPEG can have, and rejects formats that cannot hold the result", async () => {
    const row = png(65_535, 1, 1 + 65_535 * 3);
    const { status, bytes } = await post(row, "image/png");
    assert.equal(status, 200);
    const { width, height } = await loadSharp()(bytes, { limitInputPixels: false }).metadata();
    assert.deepEqual([width, height], [131_070, 2]);
    for (const accept of ["image/jpeg", "image/webp"]) {
      const response = await post(row, accept);
      assert.deepEqual([accept, response.status, response.kind], [accept, 422, "wrong-size"]);
    }
    await checkServing();
  });
});

describe("a picture that takes many times the request timeout", () => {
  // Bug: it brought down the process, because the worker's thread was terminated within onnxruntime.
  it("fails its own request only", async () => {
    await using processor = await processorProcess({
      GPUMEDIA_WORKERS: "1",
      GPUMEDIA_MODEL_SIZE: "l",
      GPUMEDIA_REQUEST_TIMEOUT: "100ms",
    });
    const post = async (body: Buffer): Promise<number> => {
      const headers = { "content-type": "application/octet-stream" };
      const response = await fetch(`${processor.url}/v1/process`, {
        method: "POST",
        body: new Uint8Array(body),
        headers,
      });
      await response.arrayBuffer();
      return response.status;
    };
    assert.equal(await post(png(2000, 1500, 1500 * (1 + 2000 * 3))), 504);
    const restarts = async (): Promise<number> => {
      const { workers } = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
      return workers.restarts;
    };
    while ((await restarts()) === 0) await pause(20);
    const small = await smallPicture("jpeg");
    while ((await post(small)) !== 200) await pause(20);
  });
});

function halfOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
