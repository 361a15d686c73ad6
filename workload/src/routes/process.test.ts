/** Photographs through a whole processor: size, format, quality. Other pictures: `process-pictures/`. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { pictureFormats } from "../core/picture.ts";
import { bicubicDoubled, decoded, photograph, psnr, type Rgb } from "../testing/photographs.ts";
import { picture, pictureProcessor } from "./testing/picture-processor.ts";

describe("POST /v1/process", () => {
  const { post } = pictureProcessor();

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

  it("makes smaller files at a lower quality", async () => {
    const low = await post(photograph("china"), {}, "?quality=20");
    const high = await post(photograph("china"), {}, "?quality=95");
    assert.ok(low.bytes.length * 2 < high.bytes.length, `${low.bytes.length} and ${high.bytes.length} bytes`);
  });

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
