/** Real pictures through a whole processor. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { decoded, photograph, psnr } from "../testing/photographs.ts";
import type { Problem } from "./problem.ts";
import { realProcessor, type RealProcessor } from "./testing/real-processor.ts";

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#8040c0" } });

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

  it("doubles a photograph, and says how long each stage took", async () => {
    const { response, bytes } = await post(photograph("flower"));
    assert.equal(response.status, 200);
    const { width, height } = await decoded(bytes);
    assert.deepEqual({ width, height }, { width: 1280, height: 854 });
    const headers = Object.fromEntries(
      [
        "content-type",
        "cache-control",
        "vary",
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
        "server",
      ].map((name) => [name, response.headers.get(name)]),
    );
    assert.deepEqual(headers, {
      "content-type": "image/jpeg",
      "cache-control": "no-store",
      vary: "accept",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "x-xss-protection": "1; mode=block",
      server: null,
    });
    assert.match(
      response.headers.get("server-timing") ?? "",
      /^queue;dur=[\d.]+, decode;dur=[\d.]+, inference;dur=[\d.]+, encode;dur=[\d.]+$/,
    );
    // Reduced again it is the photograph that was sent.
    const reduced = await sharp(bytes).resize(640, 427, { kernel: "lanczos3" }).raw().toBuffer();
    assert.ok(psnr({ width: 640, height: 427, pixels: reduced }, await decoded(photograph("flower"))) > 30);
  });

  for (const format of ["jpeg", "png", "webp"] as const) {
    it(`takes ${format} and answers in it, or in what Accept asks for`, async () => {
      const body = await sharp(photograph("china")).resize(60, 40).toFormat(format).toBuffer();
      const same = await post(body, { "content-type": `image/${format}` });
      assert.equal(same.response.headers.get("content-type"), `image/${format}`);
      const wanted = format === "png" ? "webp" : "png";
      const other = await post(body, { accept: `image/${wanted}` });
      assert.equal(other.response.headers.get("content-type"), `image/${wanted}`);
      const metadata = await sharp(other.bytes).metadata();
      assert.deepEqual([metadata.format, metadata.width, metadata.height], [wanted, 120, 80]);
    });
  }

  it("makes smaller files of less quality", async () => {
    const low = await post(photograph("china"), {}, "?quality=20");
    const high = await post(photograph("china"), {}, "?quality=95");
    assert.ok(low.bytes.length * 2 < high.bytes.length, `${low.bytes.length} and ${high.bytes.length} bytes`);
  });

  it("keeps transparency where the answer can have it, and puts white behind it in a JPEG", async () => {
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

  const odd: readonly { readonly name: string; readonly body: () => Promise<Buffer>; readonly size: string }[] = [
    { name: "1x1", body: async () => picture(1, 1).jpeg().toBuffer(), size: "2x2" },
    { name: "1x1 PNG", body: async () => picture(1, 1).png().toBuffer(), size: "2x2" },
    { name: "65535x1", body: async () => picture(65_535, 1).png().toBuffer(), size: "131070x2" },
    { name: "1x65535", body: async () => picture(1, 65_535).png().toBuffer(), size: "2x131070" },
    {
      name: "a progressive JPEG",
      body: async () => picture(30, 20).jpeg({ progressive: true }).toBuffer(),
      size: "60x40",
    },
    { name: "a grey JPEG", body: async () => picture(30, 20).greyscale().jpeg().toBuffer(), size: "60x40" },
    { name: "a CMYK JPEG", body: async () => picture(30, 20).toColourspace("cmyk").jpeg().toBuffer(), size: "60x40" },
    {
      name: "a JPEG that EXIF turns",
      body: async () => picture(30, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      size: "40x60",
    },
    { name: "a 16-bit PNG", body: async () => picture(30, 20).toColourspace("rgb16").png().toBuffer(), size: "60x40" },
    {
      name: "a grey PNG with alpha",
      body: async () => picture(30, 20).ensureAlpha(0.5).toColourspace("b-w").png().toBuffer(),
      size: "60x40",
    },
    { name: "a PNG with palette", body: async () => picture(30, 20).png({ palette: true }).toBuffer(), size: "60x40" },
  ];
  for (const { name, body, size } of odd) {
    it(`takes ${name}, in its colours`, async () => {
      const { response, bytes } = await post(await body(), { accept: "image/png" });
      assert.equal(response.status, 200, new TextDecoder().decode(bytes.subarray(0, 300)));
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      assert.equal(`${info.width}x${info.height}`, size);
      const grey = /grey/.test(name);
      for (const [channel, value] of (grey ? [97, 97, 97] : [0x80, 0x40, 0xc0]).entries()) {
        const found = data[channel] ?? Number.NaN;
        // CMYK is converted by a profile, and grey is weighed in one way or another.
        assert.ok(
          Math.abs(found - value) <= (grey || name.includes("CMYK") ? 60 : 6),
          `channel ${channel} is ${found}`,
        );
      }
    });
  }

  const wrongMethods = [
    { method: "GET", path: "/v1/process", allow: "POST" },
    { method: "POST", path: "/livez?verbose", allow: "GET, HEAD" },
    { method: "GET", path: "/v2/models/anime4k-2x/infer", allow: "POST" },
  ];
  for (const { method, path, allow } of wrongMethods) {
    it(`answers ${method} ${path} with 405 and Allow: ${allow}`, async () => {
      const response = await fetch(`${processor.url}${path}`, { method });
      assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
      const { detail } = (await response.json()) as Problem;
      assert.equal(detail, `${path.replace(/\?.*/, "")} supports ${allow}, not ${method}`);
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
  });

  it("tells a client without an image content type how to send the picture", async () => {
    const { response, bytes } = await post(photograph("flower"), {
      "content-type": "application/x-www-form-urlencoded",
    });
    const { title, detail } = JSON.parse(new TextDecoder().decode(bytes)) as Problem;
    assert.deepEqual([response.status, title], [415, "Unsupported media type"]);
    assert.equal(
      detail,
      "send the picture itself as the body, with content-type image/jpeg, image/png or image/webp (curl: -H 'content-type: image/jpeg')",
    );
  });

  const bad: readonly {
    readonly name: string;
    readonly body: () => Promise<Uint8Array> | Uint8Array;
    readonly headers?: Record<string, string>;
    readonly query?: string;
    readonly is: string;
  }[] = [
    { name: "a truncated JPEG", body: () => photograph("flower").subarray(0, 40_000), is: "422 undecodable" },
    {
      name: "a truncated PNG",
      body: async () => (await sharp(photograph("flower")).png().toBuffer()).subarray(0, 9000),
      is: "422 undecodable",
    },
    {
      name: "a JPEG that ends within its head",
      body: () => photograph("flower").subarray(0, 80),
      is: "422 undecodable",
    },
    {
      name: "a PNG with a wrong checksum",
      body: async () => corrupted(await picture(99, 99).png().toBuffer()),
      is: "422 undecodable",
    },
    {
      name: "a WebP of nothing but a head",
      body: async () => (await picture(99, 99).webp().toBuffer()).subarray(0, 40),
      is: "422 undecodable",
    },
    { name: "a 0x0 PNG", body: async () => resized(await picture(9, 9).png().toBuffer(), 0, 0), is: "422 undecodable" },
    {
      name: "a decompression bomb",
      body: async () => resized(await picture(9, 9).png().toBuffer(), 60_000, 60_000),
      is: "413 too-large",
    },
    {
      name: "a picture over the pixel limit",
      body: async () => picture(1001, 1000).jpeg().toBuffer(),
      is: "413 too-large",
    },
    { name: "text", body: () => Buffer.from("no picture at all"), is: "415 unsupported-format" },
    { name: "a GIF", body: async () => picture(9, 9).gif().toBuffer(), is: "415 unsupported-format" },
    {
      name: "XML",
      body: () => Buffer.from("<a/>"),
      headers: { "content-type": "application/xml" },
      is: "415 media-type",
    },
    { name: "nothing", body: () => new Uint8Array(), is: "400 body-missing" },
    { name: "11 MiB", body: () => new Uint8Array(11 * 1024 * 1024), is: "413 body-too-large" },
    { name: "a quality of 0", body: () => photograph("flower"), query: "?quality=0", is: "400 quality" },
    {
      name: "a quality that is no number",
      body: () => photograph("flower"),
      query: "?quality=best",
      is: "400 quality",
    },
    {
      name: "a wish for text",
      body: () => photograph("flower"),
      headers: { accept: "text/plain" },
      is: "406 not-acceptable",
    },
  ];
  for (const { name, body, headers, query, is } of bad) {
    it(`answers ${name} with ${is}, and the next request as ever`, async () => {
      const { response, bytes } = await post(await body(), headers, query);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      const problem = JSON.parse(new TextDecoder().decode(bytes)) as Problem;
      assert.equal(`${problem.status} ${problem.type.replace("urn:gpumedia:problem:", "")}`, is);
      assert.equal(response.status, problem.status);
      assert.ok(problem.detail.length > 0);
      const next = await post(await picture(8, 8).jpeg().toBuffer());
      assert.equal(next.response.status, 200);
    });
  }

  it("answers many at once, each with its own picture", async () => {
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

  it("has no such path", async () => {
    const response = await fetch(`${processor.url}/v1/nothing`);
    assert.equal(response.status, 404);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  });
});

function corrupted(png: Buffer): Buffer {
  const at = png.indexOf("IDAT") + 10;
  png[at] = (png[at] ?? 0) ^ 0xff;
  return png;
}

function resized(png: Buffer, width: number, height: number): Buffer {
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}
