/** Real pictures through a whole processor. */
import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import type { UtilizationReport } from "@gpumedia/api";
import sharp from "sharp";
import { pictureFormats } from "../core/picture.ts";
import { bicubicDoubled, decoded, photograph, psnr, type Rgb } from "../testing/photographs.ts";
import type { Problem } from "./problem.ts";
import { realProcessor, type RealProcessor } from "./testing/real-processor.ts";

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#8040c0" } });

const png = async (width: number, height: number) => picture(width, height).png().toBuffer();

describe("POST /v1/process", () => {
  let processor: RealProcessor;
  before(async () => {
    processor = await realProcessor({ limits: { pixels: 1_000_000 } });
  });
  after(async () => {
    await processor[Symbol.asyncDispose]();
  });

  async function post(body: Uint8Array, headers: Record<string, string> = {}, query = "") {
    const all = { "content-type": "image/jpeg", ...headers };
    const response = await fetch(`${processor.url}/v1/process${query}`, {
      method: "POST",
      body: new Uint8Array(body),
      headers: all,
    });
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
  }

  it("doubles a photograph, and returns the timings of all stages", async () => {
    const { response, bytes } = await post(photograph("flower"));
    assert.equal(response.status, 200);
    const { width, height } = await decoded(bytes);
    assert.deepEqual({ width, height }, { width: 1280, height: 854 });
    const headers = ["content-type", "cache-control", "vary"].map((name) => response.headers.get(name));
    assert.deepEqual(headers, ["image/jpeg", "no-store", "accept"]);
    assert.match(
      response.headers.get("server-timing") ?? "",
      /^queue;dur=[\d.]+, decode;dur=[\d.]+, inference;dur=[\d.]+, encode;dur=[\d.]+$/,
    );
    // Scaled down again, the result is close to the original.
    const reduced = await sharp(bytes).resize(640, 427, { kernel: "lanczos3" }).raw().toBuffer();
    assert.ok(psnr({ width: 640, height: 427, pixels: reduced }, await decoded(photograph("flower"))) > 30);
  });

  for (const format of pictureFormats) {
    it(`doubles ${format}, by default in the same format, otherwise in that of Accept`, async () => {
      const body = await sharp(photograph("china")).resize(60, 40).toFormat(format).toBuffer();
      const same = await post(body, { "content-type": `image/${format}` });
      assert.equal(same.response.headers.get("content-type"), `image/${format}`);
      assert.ok(psnr(await decoded(same.bytes), await bicubic(body)) > 25);
      const requested = format === "png" ? "avif" : "png";
      const other = await post(body, { accept: `image/${requested}` });
      assert.equal(other.response.headers.get("content-type"), `image/${requested}`);
      const { mediaType, width, height } = await sharp(other.bytes).metadata();
      assert.deepEqual([mediaType, width, height], [`image/${requested}`, 120, 80]);
    });
  }

  // weserv/images#471: WebP, which a browser prefers, holds 16,383 pixels a side (RFC 9649, section 2.5).
  const wide = { width: 9000, height: 100 };
  for (const { format, accept, is } of [
    { format: "jpeg", accept: "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", is: "image/jpeg" },
    { format: "jpeg", accept: "image/webp,image/png;q=0.5", is: "image/png" },
    { format: "webp", accept: "*/*", is: "image/png" },
  ] as const) {
    it(`answers a wide panorama in ${format} for ${accept} with ${is}`, async () => {
      const body = await picture(wide.width, wide.height).toFormat(format).toBuffer();
      const { response, bytes } = await post(body, { accept });
      assert.deepEqual([response.status, response.headers.get("content-type")], [200, is]);
      const { width, height } = await sharp(bytes).metadata();
      assert.deepEqual([width, height], [18_000, 200]);
    });
  }

  it("processes the first frame of an animation, and reports how many it has", async () => {
    const frames = ["#8040c0", "blue", "lime"].map((background) => ({
      create: { width: 30, height: 20, channels: 3 as const, background },
    }));
    const body = await sharp(frames as unknown as string[], { join: { animated: true } })
      .webp()
      .toBuffer();
    const { response, bytes } = await post(body);
    assert.deepEqual([response.status, response.headers.get("gpumedia-frames")], [200, "1/3"]);
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    for (const [channel, value] of [0x80, 0x40, 0xc0].entries()) assert.ok(Math.abs((data[channel] ?? 0) - value) <= 6);
    const still = await post(await picture(30, 20).webp().toBuffer());
    assert.equal(still.response.headers.get("gpumedia-frames"), null);
  });

  it("makes smaller files at a lower quality", async () => {
    const low = await post(photograph("china"), {}, "?quality=20");
    const high = await post(photograph("china"), {}, "?quality=95");
    assert.ok(low.bytes.length * 2 < high.bytes.length, `${low.bytes.length} and ${high.bytes.length} bytes`);
  });

  it("keeps transparency in a PNG, and puts the picture on white in a JPEG", async () => {
    const clear = await sharp({
      create: { width: 16, height: 16, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
    })
      .png()
      .toBuffer();
    const png = await sharp((await post(clear, { accept: "image/png" })).bytes)
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([png.info.channels, png.data[3]], [4, 0]);
    const jpeg = await decoded((await post(clear, { accept: "image/jpeg" })).bytes);
    assert.ok((jpeg.pixels[0] ?? 0) > 250);
  });

  for (const format of ["png", "webp", "avif"] as const) {
    // What canvases and cut-out tools write: the invisible part is black. Pillow's resize, which premultiplies, gives 229 at least.
    it(`gives a cut-out in ${format} no dark outline, and leaves it where it is`, async () => {
      const [width, height] = [64, 64];
      const rgba = Buffer.alloc(width * height * 4);
      for (let at = 0; at < width * height; at++) {
        const [x, y] = [at % width, Math.floor(at / width)];
        if ((x - 31.5) ** 2 + (y - 31.5) ** 2 < 400) rgba.set([255, 230, 60, 255], at * 4);
      }
      const disc = sharp(rgba, { raw: { width, height, channels: 4 } });
      const { bytes } = await post(await disc.toFormat(format, { lossless: true, effort: 1 }).toBuffer(), {
        accept: "image/png",
      });
      const onWhite = await sharp(bytes).flatten({ background: "white" }).raw().toBuffer();
      const green = onWhite.filter((_, at) => at % 3 === 1);
      assert.ok(Math.min(...green) >= (format === "png" ? 229 : 224), `darkest green is ${Math.min(...green)}`);
      const alpha = await sharp(bytes).extractChannel(3).raw().toBuffer();
      const mirrored = alpha.map((_, at) => alpha[Math.floor(at / 128) * 128 + 127 - (at % 128)] ?? 0);
      assert.deepEqual(alpha, mirrored);
    });
  }

  const unusual: readonly (readonly [name: string, body: () => Promise<Buffer>, size: string])[] = [
    ["1x1", async () => picture(1, 1).jpeg().toBuffer(), "2x2"],
    ["1x1 PNG", async () => picture(1, 1).png().toBuffer(), "2x2"],
    ["1x40", async () => png(1, 40), "2x80"],
    ["40x1", async () => png(40, 1), "80x2"],
    ["3x2", async () => png(3, 2), "6x4"],
    ["4000x1", async () => png(4000, 1), "8000x2"],
    ["65535x1", async () => picture(65_535, 1).png().toBuffer(), "131070x2"],
    ["1x65535", async () => picture(1, 65_535).png().toBuffer(), "2x131070"],
    ["a progressive JPEG", async () => picture(30, 20).jpeg({ progressive: true }).toBuffer(), "60x40"],
    ["a grey JPEG", async () => picture(30, 20).greyscale().jpeg().toBuffer(), "60x40"],
    ["a CMYK JPEG", async () => picture(30, 20).toColourspace("cmyk").jpeg().toBuffer(), "60x40"],
    [
      "a JPEG that EXIF rotates",
      async () => picture(30, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      "40x60",
    ],
    ["a 16-bit PNG", async () => picture(30, 20).toColourspace("rgb16").png().toBuffer(), "60x40"],
    ["an interlaced PNG", async () => picture(30, 20).png({ progressive: true }).toBuffer(), "60x40"],
    [
      "a grey PNG with alpha",
      async () => picture(30, 20).ensureAlpha(0.5).toColourspace("b-w").png().toBuffer(),
      "60x40",
    ],
    ["a PNG with alpha", async () => picture(30, 20).ensureAlpha(1).png().toBuffer(), "60x40"],
    ["a PNG with palette", async () => picture(30, 20).png({ palette: true }).toBuffer(), "60x40"],
    ["a lossless WebP", async () => picture(30, 20).webp({ lossless: true }).toBuffer(), "60x40"],
  ];
  for (const [name, body, size] of unusual) {
    it(`doubles ${name}, and keeps its colours`, async () => {
      const { response, bytes } = await post(await body(), { accept: "image/png" });
      assert.equal(response.status, 200, new TextDecoder().decode(bytes.subarray(0, 300)));
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      assert.equal(`${info.width}x${info.height}`, size);
      const grey = /grey/.test(name);
      // CMYK is converted by a profile, and the weights of grey vary.
      const tolerance = grey || name.includes("CMYK") ? 60 : 6;
      for (const [channel, value] of (grey ? [97, 97, 97] : [0x80, 0x40, 0xc0]).entries()) {
        const found = data[channel] ?? Number.NaN;
        assert.ok(Math.abs(found - value) <= tolerance, `channel ${channel} is ${found}`);
      }
    });
  }

  const warned: readonly (readonly [name: string, body: () => Promise<Uint8Array>, warning: string])[] = [
    ["a truncated JPEG", async () => photograph("flower").subarray(0, 40_000), "truncated"],
    ["a truncated PNG", async () => truncated("png"), "truncated"],
    ["a truncated WebP", async () => truncated("webp"), "truncated"],
    ["a PNG without most of its pixels", async () => resized(await png(90, 90), 90, 900), "truncated"],
  ];
  for (const [name, body, warning] of warned) {
    it(`processes ${name} as far as it goes, and warns: ${warning}`, async () => {
      const { response, bytes } = await post(await body());
      assert.equal(response.status, 200, new TextDecoder().decode(bytes.subarray(0, 300)));
      assert.match(response.headers.get("server-timing") ?? "", new RegExp(`, decode-warning;desc="${warning}"$`));
      const metrics = await (await fetch(`${processor.url}/metrics`)).text();
      assert.match(metrics, new RegExp(`^gpumedia_decode_warnings_total\\{kind="${warning}"\\} [1-9]`, "m"));
    });
  }

  const wrongMethods = [
    { method: "GET", path: "/v1/process", allow: "POST, OPTIONS" },
    { method: "POST", path: "/livez?verbose", allow: "GET, HEAD, OPTIONS" },
    { method: "GET", path: "/v2/models/anime4k-2x/infer", allow: "POST, OPTIONS" },
  ];
  for (const { method, path, allow } of wrongMethods) {
    it(`answers ${method} ${path} with 405 and Allow: ${allow}`, async () => {
      const response = await fetch(`${processor.url}${path}`, { method });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
      const { detail, error } = (await response.json()) as Problem & { error?: string };
      assert.equal(error ?? detail, `${path.replace(/\?.*/, "")} supports ${allow}, not ${method}`);
    });
  }

  const belowV2: readonly (readonly [method: string, path: string, status: number, error: string])[] = [
    ["GET", "/v2/trace/setting", 404, "no such path: /v2/trace/setting"],
    ["POST", "/v2/repository/models/x/load", 404, "no such path: /v2/repository/models/x/load"],
    ["POST", "/v2", 405, "/v2 supports GET, HEAD, OPTIONS, not POST"],
    ["GET", "/v2/%zz", 400, "'/v2/%zz' is not a valid url component"],
  ];
  for (const [method, path, status, error] of belowV2) {
    it(`answers ${method} ${path} in the shape of the Open Inference Protocol`, async () => {
      const response = await fetch(`${processor.url}${path}`, { method });
      assert.deepEqual([response.status, await response.json()], [status, { error }]);
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    });
  }

  it("answers an unknown path with 404", async () => {
    const response = await fetch(`${processor.url}/v1/processed`);
    assert.deepEqual(await response.json(), {
      type: "urn:gpumedia:problem:not-found",
      title: "No such path",
      status: 404,
      detail: "no such path: /v1/processed",
    });
    assert.equal(response.headers.get("content-type"), "application/problem+json");
  });

  it("explains to a client that sends something else how to send a picture", async () => {
    const { response, bytes } = await post(photograph("flower"), { "content-type": "application/json" });
    const { title, detail } = JSON.parse(new TextDecoder().decode(bytes)) as Problem;
    assert.deepEqual(
      [response.status, title, response.headers.get("accept-post")],
      [
        415,
        "Unsupported media type",
        "image/jpeg, image/png, image/webp, image/avif, application/octet-stream, multipart/form-data",
      ],
    );
    assert.equal(
      detail,
      "application/json is not a type of pictures: send the picture itself as the body, as image/jpeg, image/png, image/webp or image/avif, or without a content type (the bytes decide), or as the one file of multipart/form-data",
    );
  });

  const invalid: readonly {
    readonly name: string;
    readonly body?: () => Promise<Uint8Array> | Uint8Array;
    readonly headers?: Record<string, string>;
    readonly query?: string;
    readonly problem: string;
    /** Of the problem; by default any. */
    readonly detail?: RegExp;
  }[] = [
    {
      name: "the first three bytes of a JPEG",
      body: () => photograph("flower").subarray(0, 3),
      problem: "422 undecodable",
    },
    { name: "half a JPEG header", body: () => photograph("flower").subarray(0, 80), problem: "422 undecodable" },
    { name: "a PNG of 0x0", body: async () => resized(await png(9, 9), 0, 0), problem: "422 undecodable" },
    { name: "a JPEG of 0x0", body: async () => resizedJpeg(0, 0), problem: "422 undecodable" },
    {
      name: "a WebP that ends before its pixels",
      body: async () => half(await picture(200, 200).webp().toBuffer()),
      problem: "422 undecodable",
    },
    {
      name: "a PNG whose pixels are damaged from the first on",
      body: async () => corrupted(await png(99, 99)),
      problem: "422 undecodable",
    },
    {
      name: "a PNG without a whole row of pixels",
      body: async () => resized(await png(9, 9), 100, 100),
      problem: "422 undecodable",
    },
    {
      name: "a PNG that declares 60000x60000",
      body: async () => resized(await png(9, 9), 60_000, 60_000),
      problem: "413 too-large",
    },
    {
      name: "a JPEG that declares 65535x65535",
      body: async () => resizedJpeg(65_535, 65_535),
      problem: "413 too-large",
    },
    { name: "a picture over the pixel limit", body: async () => png(1001, 1000), problem: "413 too-large" },
    ...["image/jpeg", "image/webp"].map((accept) => ({
      name: `a row whose result is too long for ${accept}`,
      body: async () => png(65_535, 1),
      headers: { accept },
      problem: "422 wrong-size",
    })),
    { name: "text", body: () => Buffer.from("no picture at all"), problem: "415 unsupported-format" },
    {
      name: "HEIC",
      body: () => Buffer.from("\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf", "latin1"),
      problem: "415 unsupported-format",
    },
    { name: "a truncated AVIF", body: async () => truncated("avif"), problem: "422 undecodable" },
    { name: "a GIF", body: async () => picture(9, 9).gif().toBuffer(), problem: "415 unsupported-format" },
    {
      name: "an SVG",
      body: () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
      problem: "415 unsupported-format",
    },
    { name: "XML", headers: { "content-type": "application/xml" }, problem: "415 media-type" },
    { name: "an empty body", body: () => new Uint8Array(), problem: "400 body-missing" },
    {
      name: "a JPEG that ends behind its headers",
      body: async () => {
        const jpeg = await picture(8, 8).jpeg().toBuffer();
        const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
        return jpeg.subarray(0, scan + 2 + jpeg.readUInt16BE(scan + 2));
      },
      problem: "422 undecodable",
      detail: /^the JPEG ends before its first row of pixels$/,
    },
    {
      name: "a form without a file",
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: () =>
        Buffer.from(
          ["a", "c"].map((name) => `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\nx\r\n`).join("") +
            "--b--",
        ),
      problem: "400 body-missing",
      detail: /^the form has no file: send the picture itself/,
    },
    { name: "33 MiB", body: () => new Uint8Array(33 * 1024 * 1024), problem: "413 body-too-large" },
    { name: "a quality of 0", query: "?quality=0", problem: "400 quality" },
    { name: "a quality that is not a number", query: "?quality=best", problem: "400 quality" },
    { name: "a request for text", headers: { accept: "text/plain" }, problem: "406 not-acceptable" },
  ];
  for (const { name, body = () => photograph("flower"), headers, query, problem: expected, detail = /./ } of invalid) {
    it(`rejects ${name} with ${expected}, and serves the next request`, async () => {
      const { response, bytes } = await post(await body(), headers, query);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      const problem = JSON.parse(new TextDecoder().decode(bytes)) as Problem;
      assert.equal(`${problem.status} ${problem.type.replace("urn:gpumedia:problem:", "")}`, expected);
      assert.equal(response.status, problem.status);
      assert.match(problem.detail, detail);
      const next = await post(await picture(8, 8).jpeg().toBuffer());
      assert.equal(next.response.status, 200);
      const { workers } = (await (await fetch(`${processor.url}/utilization`)).json()) as UtilizationReport;
      assert.equal(workers.restarts, 0);
    });
  }

  it("answers concurrent requests, each with its own picture", async () => {
    const sizes = Array.from({ length: 60 }, (_, index) => [8 + (index % 5) * 8, 8 + (index % 3) * 16] as const);
    const answers = await Promise.all(
      sizes.map(async ([width, height]) => post(await picture(width, height).jpeg().toBuffer())),
    );
    const found = await Promise.all(answers.map(async ({ bytes }) => decoded(bytes)));
    assert.deepEqual(
      found.map(({ width, height }) => [width, height]),
      sizes.map(([width, height]) => [width * 2, height * 2]),
    );
  });
});

async function bicubic(picture: Uint8Array): Promise<Rgb> {
  return bicubicDoubled(await decoded(picture));
}

function corrupted(png: Buffer): Buffer {
  const at = png.indexOf("IDAT") + 10;
  png[at] = (png[at] ?? 0) ^ 0xff;
  return png;
}

/** The same PNG with different dimensions in its header. */
function resized(png: Buffer, width: number, height: number): Buffer {
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

/** A small JPEG with other dimensions in its frame header. */
async function resizedJpeg(width: number, height: number): Promise<Buffer> {
  const jpeg = await picture(9, 9).jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
  jpeg.writeUInt16BE(height, frame + 5);
  jpeg.writeUInt16BE(width, frame + 7);
  return jpeg;
}

async function truncated(format: "png" | "webp" | "avif"): Promise<Buffer> {
  return (await sharp(photograph("flower")).toFormat(format, { effort: 1 }).toBuffer()).subarray(0, 9000);
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
