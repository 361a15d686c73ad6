/** JPEGs that libjpeg warns of, or that are rare: the processor decodes what browsers display. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { decodePicture } from "../testing/decode-picture.ts";
import { photographFile } from "../testing/photographs.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { readPictureHeader } from "./picture-header.ts";

const [width, height] = [61, 47];
const cut = () => sharp(photographFile("flower")).extract({ left: 100, top: 100, width, height });

interface Summary {
  readonly warnings: readonly string[];
  readonly pixels: Buffer;
}

async function decode(jpeg: Buffer): Promise<Summary> {
  const { rgb: pixels, warnings } = await decodePicture(jpeg, { flatten: true });
  return { pixels, warnings: warnings.map(({ kind, detail }) => `${kind}: ${detail}`) };
}

const baseline = await cut().jpeg().toBuffer();
const progressive = await cut().jpeg({ progressive: true }).toBuffer();
const plain = await decode(baseline);

const scanOf = (jpeg: Buffer): number => jpeg.indexOf(Buffer.of(0xff, 0xda));
const endOfScanHeader = (jpeg: Buffer): number => scanOf(jpeg) + 2 + jpeg.readUInt16BE(scanOf(jpeg) + 2);

/** lovell/sharp#3488: Samsung phones write 0, 0, 0 for the spectral selection of a baseline scan, instead of 0, 63, 0. */
function withSpectralBytes(...values: readonly number[]): Buffer {
  const jpeg = Buffer.from(baseline);
  jpeg.set(values, endOfScanHeader(jpeg) - 3);
  return jpeg;
}

function insert(jpeg: Buffer, at: number, bytes: Buffer): Buffer {
  return Buffer.concat([jpeg.subarray(0, at), bytes, jpeg.subarray(at)]);
}

describe("a JPEG that a decoder warns of", () => {
  const firstSegment = 4 + baseline.readUInt16BE(4);
  const cases: readonly (readonly [name: string, jpeg: Buffer, warnings: readonly string[]])[] = [
    ["is whole", baseline, []],
    [
      "has 0/0/0 as spectral bytes",
      withSpectralBytes(0, 0, 0),
      ["corrupt: Invalid SOS parameters for sequential JPEG"],
    ],
    [
      "has 64 stray bytes before its end marker (libjpeg-turbo#157)",
      insert(baseline, baseline.length - 2, Buffer.alloc(64, 0x55)),
      ["corrupt: Corrupt JPEG data: 62 extraneous bytes before marker 0xd9"],
    ],
    ["has no end marker (libjpeg-turbo#163)", baseline.subarray(0, -2), ["truncated: Premature end of JPEG file"]],
    [
      "has two bytes between its segments",
      insert(baseline, firstSegment, Buffer.alloc(2)),
      ["corrupt: Corrupt JPEG data: 2 extraneous bytes before marker 0xdb"],
    ],
    ["is followed by other data", Buffer.concat([baseline, Buffer.alloc(100_000, 0xff)]), []],
  ];
  for (const [name, jpeg, warnings] of cases) {
    it(`is decoded with all its pixels if it ${name}`, async () => {
      assert.deepEqual(await decode(jpeg), { pixels: plain.pixels, warnings });
    });
  }

  it("is decoded if it is progressive and a phone's video of any bytes follows (libjxl#3502)", async () => {
    const scans = Buffer.concat(Array.from({ length: 100 }, () => Buffer.of(0xff, 0xda, 0, 8)));
    const whole = await decode(progressive);
    assert.deepEqual(whole.warnings, []);
    assert.deepEqual(await decode(Buffer.concat([progressive, scans])), whole);
  });

  for (const [name, whole] of [
    ["baseline", baseline],
    ["progressive", progressive],
  ] as const) {
    it(`is decoded wherever it is cut off after its first pixels, if it is ${name}`, async () => {
      const { pixels } = await decode(whole);
      for (let length = endOfScanHeader(whole) + 40; length < whole.length - 2; length += 7) {
        const { warnings, pixels: some } = await decode(whole.subarray(0, length));
        assert.deepEqual(warnings, ["truncated: Premature end of JPEG file"], `of ${length} bytes`);
        assert.equal(some.length, pixels.length);
      }
    });
  }

  it("keeps the rows that came, and is grey from there on", async () => {
    const large = await sharp(photographFile("flower")).jpeg().toBuffer();
    const { pixels: whole } = await decode(large);
    const { pixels: half } = await decode(large.subarray(0, large.length / 2));
    const rows = 640 * 3 * 100;
    assert.deepEqual(half.subarray(0, rows), whole.subarray(0, rows));
    assert.deepEqual(half.subarray(-rows), Buffer.alloc(rows, 128));
  });
});

describe("a JPEG without usable pixels", () => {
  const cases: readonly (readonly [name: string, jpeg: Buffer])[] = [
    ["ends behind its scan header", baseline.subarray(0, endOfScanHeader(baseline))],
    [
      "has its end marker there",
      Buffer.concat([baseline.subarray(0, endOfScanHeader(baseline)), Buffer.of(0xff, 0xd9)]),
    ],
  ];
  for (const [name, jpeg] of cases) {
    it(`is recognized if it ${name}`, () => {
      const reading = readPictureHeader(jpeg);
      assert.equal(reading.kind === "picture" && reading.header.isEmpty, true);
    });
  }

  it("is refused with the decoder's words if its tables cannot be read", async () => {
    const jpeg = Buffer.from(baseline);
    jpeg[jpeg.indexOf(Buffer.of(0xff, 0xc4)) + 4] = 0x77;
    await assert.rejects(decode(jpeg), (error) => {
      assert.ok(error instanceof PipelineError);
      assert.deepEqual([error.kind, error.message], ["undecodable", "JPEG: Bogus DHT index 103"]);
      return true;
    });
    // An instance of libjpeg-turbo that has met such tables may refuse every later picture.
    assert.deepEqual(await decode(baseline), plain);
  });
});

describe("the chroma sampling of a JPEG", () => {
  // zune-image#276, and every other combination that ITU-T T.81 allows for three components (A.1.1: at most 4, B.2.3: 10 blocks).
  const samplings: number[][] = [];
  for (const luma of [0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24, 0x31, 0x32, 0x41, 0x42]) {
    for (const cb of [0x11, 0x12, 0x21, 0x22]) for (const cr of [0x11, 0x21]) samplings.push([luma, cb, cr]);
  }
  it("makes no difference to whether it is decoded, nor to its pixels, which are libvips'", async () => {
    let decoded = 0;
    for (const sampling of samplings) {
      // The data of another sampling is noise, and ends early or late: a decoder warns of that alone.
      const jpeg = Buffer.from(baseline);
      const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
      for (const [index, value] of sampling.entries()) jpeg[frame + 11 + index * 3] = value;
      const expected = await sharp(jpeg, { failOn: "none" })
        .raw()
        .toBuffer()
        .catch(() => undefined);
      const { pixels } = (await decode(jpeg).catch(() => undefined)) ?? {};
      assert.deepEqual(pixels, expected, sampling.map((value) => value.toString(16)).join(" "));
      if (pixels !== undefined) decoded++;
    }
    assert.ok(decoded > samplings.length / 2, `${decoded} of ${samplings.length} were decoded`);
  });
});
