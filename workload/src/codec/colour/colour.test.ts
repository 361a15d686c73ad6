/**
 * Colours become sRGB, from every format and profile. References: Pillow 13.0.0 with LittleCMS 2.19
 * (`ImageCms.profileToProfile`, relative colorimetric, without optimization), and Chromium 156 for PNG's own chunks.
 */
import assert from "node:assert/strict";
import sharp from "sharp";
import { greyProfile, rgbProfile, rgbSpaces } from "../../testing/icc-profiles.ts";
import { photograph, photographs } from "../../testing/photographs.ts";
import { pngFile, profileChunk } from "../../testing/png-file.ts";
import { decodePicture } from "../../testing/decode-picture.ts";
import { chunk } from "../png-chunks.ts";
import { colourOf } from "./picture-colour.ts";
import { readProfile } from "./icc-profile.ts";
import { SrgbConversion } from "./to-srgb.ts";

type Colour = readonly number[];

async function builtIn(name: "p3" | "srgb"): Promise<Buffer> {
  const picture = sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } }).withIccProfile(name);
  const { icc } = await sharp(await picture.png().toBuffer()).metadata();
  return icc ?? assert.fail("no profile");
}

const srgbProfile = await builtIn("srgb");

const profiles: Readonly<Record<string, Buffer>> = {
  "Display P3": await builtIn("p3"),
  "Adobe RGB": rgbProfile(rgbSpaces["Adobe RGB"]),
  "ProPhoto RGB": rgbProfile(rgbSpaces["ProPhoto RGB"]),
  "gamma 1.0": greyProfile(1),
  "gamma 1.8": greyProfile(1.8),
  "gamma 2.2": greyProfile(2.2),
};

const patches: readonly Colour[] = [
  [97, 197, 81],
  [200, 60, 40],
  [40, 200, 60],
  [60, 40, 200],
  [128, 128, 128],
  [16, 16, 16],
  [240, 220, 180],
  [120, 130, 110],
];
const greys: readonly Colour[] = [8, 16, 64, 128, 200, 255].map((value) => [value, value, value]);

/** By profile: what LittleCMS makes of the patches, and of the greys. */
const references: Readonly<Record<string, readonly Colour[]>> = {
  "Display P3": [
    [40, 200, 59],
    [217, 42, 24],
    [0, 204, 12],
    [64, 39, 208],
    [128, 128, 128],
    [16, 16, 16],
    [244, 219, 175],
    [118, 130, 108],
  ],
  "Adobe RGB": [
    [0, 198, 69],
    [232, 57, 34],
    [0, 201, 37],
    [64, 35, 205],
    [129, 129, 129],
    [7, 7, 7],
    [248, 221, 180],
    [116, 131, 109],
  ],
  "ProPhoto RGB": [
    [0, 222, 63],
    [255, 0, 43],
    [0, 229, 0],
    [0, 44, 224],
    [146, 146, 146],
    [20, 20, 20],
    [255, 223, 187],
    [134, 150, 126],
  ],
  "gamma 1.0": [50, 71, 137, 188, 229, 255].map((value) => [value, value, value]),
  "gamma 1.8": [6, 20, 81, 146, 210, 255].map((value) => [value, value, value]),
  "gamma 2.2": [2, 7, 62, 129, 201, 255].map((value) => [value, value, value]),
};

interface Shown {
  readonly colour: Colour;
  readonly warnings: readonly string[];
}

/** The colour in the middle of the decoded picture. */
async function shown(picture: Buffer): Promise<Shown> {
  const { header, rgb, warnings } = await decodePicture(picture, { flatten: true });
  const { width, height } = header;
  const middle = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return { colour: [...rgb.subarray(middle, middle + 3)], warnings: warnings.map(({ kind }) => kind) };
}

function assertNear(found: Colour, expected: Colour, tolerance: number): void {
  const worst = Math.max(...found.map((value, channel) => Math.abs(value - (expected[channel] ?? Number.NaN))));
  assert.ok(worst <= tolerance, `${found.join(",")} instead of ${expected.join(",")}`);
}

describe("the conversion to sRGB", () => {
  for (const [name, expected] of Object.entries(references)) {
    it(`gives the same values as LittleCMS for ${name}`, () => {
      const reading = readProfile(profiles[name] ?? Buffer.alloc(0));
      assert.ok(reading.kind === "space");
      const conversion = new SrgbConversion(reading.space);
      const pixels = Uint8Array.from((name.startsWith("gamma") ? greys : patches).flat());
      conversion.convert(pixels);
      assert.deepEqual([...pixels], expected.flat());
      assert.equal(conversion.changesNothing, false);
    });
  }
});

/** A picture of one colour with a profile, whose numbers are stored as they are. */
const flat = (colour: Colour) =>
  sharp(Buffer.from(Array.from({ length: 32 * 24 }, () => colour).flat()), {
    raw: { width: 32, height: 24, channels: colour.length === 1 ? 1 : 3 },
  });

describe("a picture with a colour profile", () => {
  const green = [40, 200, 60];
  // sharp converts the colours to the profile that it embeds.
  const p3 = () =>
    sharp({ create: { width: 32, height: 24, channels: 3, background: "rgb(40,200,60)" } }).withIccProfile("p3");
  const files: Readonly<Record<string, () => Promise<Buffer>>> = {
    JPEG: async () => p3().jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer(),
    "progressive JPEG": async () =>
      p3().jpeg({ quality: 95, chromaSubsampling: "4:4:4", progressive: true }).toBuffer(),
    "turned JPEG": async () =>
      p3().jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).withMetadata({ orientation: 6, icc: "p3" }).toBuffer(),
    PNG: async () => p3().png().toBuffer(),
    "PNG with alpha": async () => p3().ensureAlpha(1).png().toBuffer(),
    WebP: async () => p3().webp({ lossless: true }).toBuffer(),
    AVIF: async () => p3().avif({ lossless: true }).toBuffer(),
  };
  for (const [name, file] of Object.entries(files)) {
    it(`of Display P3 keeps its colours as ${name}`, async () => {
      const { colour, warnings } = await shown(await file());
      assertNear(colour, green, 2);
      assert.deepEqual(warnings, []);
    });
  }

  for (const [name, expected] of Object.entries(references)) {
    const isGrey = name.startsWith("gamma");
    const stored = isGrey ? greys.map(([value = 0]) => [value]) : patches;
    const profile = profiles[name] ?? Buffer.alloc(0);
    for (const bits of [8, 16] as const) {
      it(`of ${name} is displayed right as PNG of ${bits} bits`, async () => {
        for (const [index, colour] of stored.entries()) {
          const { colour: found } = await shown(pngFile(colour, { bits, chunks: [["iCCP", profileChunk(profile)]] }));
          assertNear(found, expected[index] ?? [], 1);
        }
      });
    }

    it(`of ${name} is displayed right as ${isGrey ? "grey " : ""}JPEG, in two segments`, async () => {
      for (const [index, colour] of stored.entries()) {
        const jpeg = await flat(colour)
          .toColourspace(isGrey ? "b-w" : "srgb")
          .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
          .toBuffer();
        const { colour: found } = await shown(withProfile(jpeg, profile));
        // A level that coding loses may become more, where the profile is steep.
        assertNear(found, expected[index] ?? [], 7);
      }
    });
  }

  for (const [name, picture] of [
    ["8 bits", pngFile(green, { chunks: [["iCCP", profileChunk(srgbProfile)]] })],
    ["16 bits", pngFile(green, { bits: 16, chunks: [["iCCP", profileChunk(srgbProfile)]] })],
    ["16 bits and no profile", pngFile(green, { bits: 16 })],
  ] as const) {
    it(`that is sRGB's keeps the numbers of a PNG of ${name}`, async () =>
      assert.deepEqual(await shown(picture), { colour: green, warnings: [] }));
  }

  it("that is sRGB's costs nothing: both photographs carry one", () => {
    for (const name of photographs) assert.deepEqual(colourOf("jpeg", Buffer.from(photograph(name))), { kind: "srgb" });
  });

  it("that cannot be read is displayed as sRGB, with a warning", async () => {
    const profile = (profiles["Adobe RGB"] ?? Buffer.alloc(0)).subarray(0, 300);
    const picture = pngFile(green, { chunks: [["iCCP", profileChunk(profile)]] });
    assert.deepEqual(await shown(picture), { colour: green, warnings: ["profile"] });
    const jpeg = await flat(green).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    const { colour, warnings } = await shown(withProfile(jpeg, profile));
    assertNear(colour, green, 2);
    assert.deepEqual(warnings, ["profile"]);
  });

  it("that cannot be read leaves no alpha in a picture that was put on white", async () => {
    const picture = await sharp({ create: { width: 2, height: 2, channels: 4, background: "transparent" } })
      .png()
      .toBuffer();
    const broken = Buffer.concat([picture.subarray(0, 33), chunk("iCCP", Buffer.alloc(8)), picture.subarray(33)]);
    const { rgb, alpha, warnings } = await decodePicture(broken, { flatten: true });
    assert.deepEqual([[...rgb], alpha], [Array.from({ length: 12 }, () => 255), undefined]);
    assert.deepEqual(
      warnings.map(({ kind }) => kind),
      ["profile"],
    );
  });
});

describe("a colour profile of another kind than the picture", () => {
  const green = [40, 200, 60];
  const grey = profiles["gamma 1.0"] ?? Buffer.alloc(0);
  const p3 = profiles["Display P3"] ?? Buffer.alloc(0);

  it("is ignored with a warning if it is for grey, and the picture has colours", async () => {
    const picture = pngFile(green, { chunks: [["iCCP", profileChunk(grey)]] });
    assert.deepEqual(await shown(picture), { colour: green, warnings: ["profile"] });
    const jpeg = await flat(green).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    const { colour, warnings } = await shown(withProfile(jpeg, grey));
    assertNear(colour, green, 2);
    assert.deepEqual(warnings, ["profile"]);
  });

  it("is used if it is for RGB, and the picture is grey", async () => {
    const picture = pngFile([128], { chunks: [["iCCP", profileChunk(p3)]] });
    assert.deepEqual(await shown(picture), { colour: [128, 128, 128], warnings: [] });
  });
});

describe("a JPEG without YCbCr", () => {
  it("is RGB if Adobe's segment marks it as RGB", async () => {
    const jpeg = await flat([40, 200, 60]).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    const adobe = Buffer.from("ffee000e41646f6265006400000000", "hex");
    // The stored numbers are Y, Cb and Cr of the green (ITU-R BT.601): here they are taken as red, green and blue.
    const { colour } = await shown(Buffer.concat([jpeg.subarray(0, 2), adobe, Buffer.of(0), jpeg.subarray(2)]));
    assertNear(colour, [136, 85, 59], 2);
  });

  for (const { name, profile, expected } of [
    // Pillow by the same profile, with the perceptual intent.
    { name: "with its profile", profile: true, expected: [124, 126, 99] },
    { name: "with libvips' profile for those that have none", profile: false, expected: [121, 127, 103] },
  ]) {
    it(`is CMYK, converted ${name}`, async () => {
      const ink = sharp({
        create: { width: 32, height: 24, channels: 3, background: "rgb(120,130,110)" },
      }).toColourspace("cmyk");
      const { colour } = await shown(
        await (profile ? ink.withIccProfile("cmyk") : ink).jpeg({ quality: 100 }).toBuffer(),
      );
      assertNear(colour, expected, 1);
    });
  }
});

describe("a PNG's colour chunks", () => {
  const displayP3 = Buffer.from([12, 13, 0, 1]);
  const linear = Buffer.from([0, 1, 0x86, 0xa0]);
  const srgbGamma = Buffer.from([0, 0, 0xb1, 0x8f]);
  const adobe: readonly [string, Buffer] = ["iCCP", profileChunk(profiles["Adobe RGB"] ?? Buffer.alloc(0))];
  const srgb: readonly [string, Buffer] = ["sRGB", Buffer.of(0)];
  const p3Primaries = Buffer.alloc(32);
  for (const [index, value] of [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6000].entries()) {
    p3Primaries.writeUInt32BE(value, index * 4);
  }
  const cases: readonly (readonly [
    name: string,
    chunks: readonly (readonly [string, Buffer])[],
    stored: Colour,
    right: Colour,
  ])[] = [
    ["cICP of Display P3 (Chromium)", [["cICP", displayP3]], [97, 197, 81], [40, 200, 60]],
    ["gAMA 1.0 (Chromium)", [["gAMA", linear]], [40, 200, 60], [110, 229, 133]],
    ["cICP before iCCP", [["cICP", displayP3], adobe], [97, 197, 81], [40, 200, 60]],
    ["iCCP before sRGB and gAMA", [adobe, srgb, ["gAMA", linear]], [97, 197, 81], [0, 198, 69]],
    ["sRGB before gAMA", [srgb, ["gAMA", linear]], [40, 200, 60], [40, 200, 60]],
    ["gAMA 0.45455, which stands for sRGB (libpng)", [["gAMA", srgbGamma]], [16, 200, 60], [16, 200, 60]],
    [
      "cHRM with sRGB's gAMA",
      [
        ["cHRM", p3Primaries],
        ["gAMA", srgbGamma],
      ],
      [97, 197, 81],
      [40, 200, 60],
    ],
    ["cICP of PQ, which is ignored", [["cICP", Buffer.from([9, 16, 0, 1])]], [97, 197, 81], [97, 197, 81]],
    ["cICP of limited range, which is ignored", [["cICP", Buffer.from([12, 13, 0, 0])]], [97, 197, 81], [97, 197, 81]],
  ];
  for (const [name, chunks, stored, right] of cases) {
    for (const bits of [8, 16] as const) {
      it(`count as ${name}, with ${bits} bits`, async () =>
        assertNear((await shown(pngFile(stored, { bits, chunks }))).colour, right, 1));
    }
  }
});

/** In two segments, the second first: their numbers count. */
function withProfile(jpeg: Buffer, profile: Buffer): Buffer {
  const half = Math.floor(profile.length / 2);
  const segment = (number: number, part: Buffer) => {
    const head = Buffer.from([0xff, 0xe2, 0, 0, ...Buffer.from("ICC_PROFILE\0"), number, 2]);
    head.writeUInt16BE(head.length - 2 + part.length, 2);
    return Buffer.concat([head, part]);
  };
  const [first, second] = [segment(1, profile.subarray(0, half)), segment(2, profile.subarray(half))];
  return Buffer.concat([jpeg.subarray(0, 2), second, first, jpeg.subarray(2)]);
}
