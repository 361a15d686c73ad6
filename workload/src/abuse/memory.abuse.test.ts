/**
 * Every picture stays within the memory that is reserved for it, in one process after another picture of another kind: what the malloc of
 * glibc kept of the earlier ones was half as much again.
 */
import assert from "node:assert/strict";
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { bytesForPictures } from "@gpumedia/api";
import type { Sharp } from "sharp";
import { request } from "undici";
import { mostFilling } from "../codec/webp-recovery.ts";
import { loadSharp } from "../codec/libraries.ts";
import { formatOfBytes } from "../codec/picture-header.ts";
import { formats } from "../core/picture.ts";
import { photographFile } from "../testing/photographs.ts";
import { modelFile, pictureModelBytes } from "../testing/picture-models.ts";
import { processorProcess, type ProcessorProcess } from "./processor-process.ts";

const [width, height] = [2896, 2172];
const MiB = 2 ** 20;

const fullChroma = { chromaSubsampling: "4:4:4", quality: 90 };

const losslessWebp = "lossless WebP with alpha";
const interlacedPng = "interlaced 16-bit PNG with alpha";

/** Of each format what takes most to decode. */
const kinds: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  "turned progressive JPEG": (picture) => picture.jpeg({ ...fullChroma, progressive: true }),
  "progressive CMYK JPEG": (picture) => picture.toColourspace("cmyk").jpeg({ ...fullChroma, progressive: true }),
  "PNG with alpha": (picture) => picture.ensureAlpha(0.5).png({ compressionLevel: 1 }),
  [interlacedPng]: (picture) =>
    picture.ensureAlpha(0.5).toColourspace("rgb16").png({ compressionLevel: 1, progressive: true }),
  [losslessWebp]: (picture) => picture.ensureAlpha(0.5).webp({ lossless: true, effort: 0 }),
  "12-bit AVIF with alpha": (picture) => picture.ensureAlpha(0.5).avif({ effort: 0, bitdepth: 12 }),
};

interface Picture {
  readonly kind: string;
  readonly body: Buffer;
  /** What is held of it: the file, and its copies while it is repaired. */
  readonly heldBytes: number;
}

async function large(kind: (picture: Sharp) => Sharp): Promise<Buffer> {
  const picture = loadSharp()(photographFile("flower")).resize(width, height, { fit: "fill" });
  return kind(picture).withMetadata({ orientation: 6, icc: "p3" }).toBuffer();
}

/** Resets the kernel's peak of resident memory (proc(5), clear_refs). */
const peakReset = (pid: number | "self") => `/proc/${pid}/clear_refs`;

function canResetPeak(): boolean {
  try {
    accessSync(peakReset("self"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns the most memory that the processor took, in bytes, until it answered 200. */
async function peakOf({ url, child: { pid = 0 } }: ProcessorProcess, body: Buffer): Promise<number> {
  writeFileSync(peakReset(pid), "5");
  const response = await request(`${url}/v1/process`, {
    method: "POST",
    body,
    headers: { "content-type": "application/octet-stream", accept: "image/jpeg" },
    headersTimeout: 0,
  });
  await response.body.dump();
  assert.equal(response.statusCode, 200);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

describe("memory", () => {
  it("of each picture stays within its reserve, fresh and after all others", async function () {
    // Where /proc is read-only, as in some containers, the peak of one picture cannot be measured.
    if (!canResetPeak()) return this.skip();
    this.timeout(600_000);
    // In small tiles, and of the picture's own size: decoding is what takes most.
    const shape = ["batch", "height", "width", 3];
    const bytes = pictureModelBytes({ type: "UINT8", inputShape: shape, outputShape: shape, scales: [1, 1, 1, 1] });
    await using processor = await processorProcess({
      GPUMEDIA_WORKERS: "1",
      GPUMEDIA_MODEL_NAME: "same",
      GPUMEDIA_MODEL_PATH: modelFile(bytes),
      GPUMEDIA_MODEL_TILE: "512",
      GPUMEDIA_REQUEST_TIMEOUT: "300s",
    });
    const program = 2 ** 40 - bytesForPictures(2 ** 40, 1);
    const pictures: Picture[] = [];
    for (const [kind, make] of Object.entries(kinds)) {
      const body = await large(make);
      pictures.push({ kind, body, heldBytes: body.length });
    }
    for (const [kind, filling] of [
      [interlacedPng, 0],
      [losslessWebp, mostFilling(width * height)],
    ] as const) {
      const whole = pictures.find((picture) => picture.kind === kind)?.body ?? Buffer.alloc(0);
      const body = whole.subarray(0, Math.floor(whole.length * 0.7));
      pictures.push({ kind: `${kind}, cut off`, body, heldBytes: 3 * body.length + filling });
    }
    const excesses: string[] = [];
    for (const { kind, body, heldBytes } of [...pictures, ...pictures]) {
      const format = formatOfBytes(body) ?? assert.fail(kind);
      const reserve = width * height * formats[format].readBytesPerPixel + heldBytes;
      const peak = await peakOf(processor, body);
      const text = `${kind}: ${Math.round(peak / MiB)} MiB, reserved ${Math.round((program + reserve) / MiB)} MiB`;
      if (peak > program + reserve) excesses.push(text);
    }
    assert.deepEqual(excesses, []);
  });
});
