/**
 * libjpeg-turbo decodes ordinary JPEGs, libvips the others: whether a picture is decoded, and to which pixels, must not depend on
 * which of them gets it.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { assert as assertProperty, asyncProperty, nat, record } from "fast-check";
import sharp from "sharp";
import { decodeInto } from "../codec/decode.ts";
import type { PictureHeader } from "../codec/header-reading.ts";
import { readPictureHeader } from "../codec/picture-header.ts";
import { photographFile } from "../testing/photographs.ts";
import { seededRandom } from "../testing/random.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { mutate } from "./mutate.ts";

const runs = Number(process.env["AGREEMENT_RUNS"] ?? 1500);

const cut = (width: number, height: number) =>
  sharp(photographFile("flower")).extract({ left: 100, top: 100, width, height });

const originals = await Promise.all([
  cut(61, 47).jpeg().toBuffer(),
  cut(61, 47).jpeg({ chromaSubsampling: "4:4:4", quality: 100 }).toBuffer(),
  cut(61, 47).jpeg({ progressive: true }).toBuffer(),
  cut(61, 47).toColourspace("b-w").jpeg().toBuffer(),
  cut(7, 5).jpeg().toBuffer(),
  cut(300, 16).jpeg({ quality: 30, optimizeCoding: true }).toBuffer(),
]);

/** The pixels, or why the decoder refuses the picture. */
async function decoded(jpeg: Buffer, header: PictureHeader): Promise<Buffer | PipelineError> {
  const pixels = Buffer.alloc(header.width * header.height * 3);
  try {
    await decodeInto(pixels, jpeg, header, true);
    return pixels;
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    assert.match(error.message, /^JPEG: (?!.*No error)./);
    return error;
  }
}

/** Short enough to be read where they differ. */
function summaryOf(result: Buffer | PipelineError): string {
  return Buffer.isBuffer(result) ? createHash("sha256").update(result).digest("hex") : "refused";
}

describe("the two JPEG decoders", () => {
  it("agree on every input: both refuse it, or both decode it to the same pixels", async function () {
    this.timeout(600_000);
    let both = 0;
    const input = record({ original: nat(originals.length - 1), seed: nat() });
    await assertProperty(
      asyncProperty(input, async ({ original, seed }) => {
        const jpeg = mutate(originals[original] ?? Buffer.alloc(0), seededRandom(seed), originals);
        const reading = readPictureHeader(jpeg);
        if (reading.kind !== "picture" || reading.header.isEmpty || !reading.header.simpleJpeg) return;
        const { header } = reading;
        if (header.width * header.height > 1_000_000) return;
        const [fast, other] = [await decoded(jpeg, header), await decoded(jpeg, { ...header, simpleJpeg: false })];
        // libvips gives up after several warnings, which it lists, or a few of a progressive picture. It decodes damaged JPEGs
        // only if they are CMYK, or by a profile of tables.
        const givesUp = (error: PipelineError) => error.message.includes("; ") || jpeg.includes(Buffer.of(0xff, 0xc2));
        if (Buffer.isBuffer(fast) && !Buffer.isBuffer(other) && givesUp(other)) return;
        assert.equal(summaryOf(fast), summaryOf(other), jpeg.toString("base64"));
        if (Buffer.isBuffer(fast)) both++;
      }),
      { numRuns: runs },
    );
    // Otherwise nothing was compared.
    assert.ok(both > runs / 4, `${both} of ${runs} were decoded`);
  });
});
