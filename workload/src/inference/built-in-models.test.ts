import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { PictureInference } from "./picture-inference.ts";
import type { ModelContract } from "../core/model-contract.ts";
import { tilesOf } from "../core/tiles.ts";
import { learnContract } from "./learn-contract.ts";
import { tileRules } from "../core/tile-rules.ts";
import { openSession } from "./session.ts";
import {
  bicubicDoubled,
  decoded,
  halved,
  photographFile,
  photographs,
  psnr,
  ssim,
  type Rgb,
} from "../testing/photographs.ts";
import { seededRandom } from "../testing/random.ts";
import { evaluate } from "../models/anime4k/reference.ts";
import { readNetwork, sizes, type Size } from "../models/anime4k/weights.ts";
import { buildModel, training } from "../models/build.ts";
import { builtInModelFile, findBuiltInModel, receptiveRadius } from "../models/built-in.ts";

async function contractOf(size: Size): Promise<ModelContract> {
  return learnContract(await openSession(builtInModelFile(`anime4k-2x-${size}`), "cpu"), {});
}

async function inference(size: Size, radius: number | null): Promise<PictureInference> {
  const session = await openSession(builtInModelFile(`anime4k-2x-${size}`), "cpu");
  const contract = await contractOf(size);
  return new PictureInference(session, contract, tileRules(contract, { overlap: 16 }, radius, "cpu"));
}

async function doubled(model: PictureInference, { width, height, pixels }: Rgb): Promise<Rgb> {
  const result = await model.run(Buffer.from(pixels), 1, { width, height });
  return { width: result.width, height: result.height, pixels: new Uint8Array(result.rgb) };
}

/** Reproducible noise: wrong borders and signs show up in it. */
function noise(width: number, height: number): Rgb {
  const random = seededRandom(1);
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256));
  return { width, height, pixels };
}

describe("built-in models", () => {
  for (const size of sizes) {
    const name = `anime4k-2x-${size}` as const;

    it(`${name}: the committed file is what the script builds`, () => {
      assert.deepEqual(new Uint8Array(readFileSync(builtInModelFile(name))), new Uint8Array(buildModel(size)));
    });

    it(`${name}: matches the layers evaluated one by one`, async () => {
      const picture = noise(23, 17);
      const expected = evaluate(readNetwork(size, training), picture.pixels, 23, 17);
      const { width, height, pixels } = await doubled(await inference(size, null), picture);
      assert.deepEqual({ width, height }, { width: 46, height: 34 });
      for (const [index, value] of pixels.entries()) {
        const exact = Math.min(255, Math.max(0, expected[index] ?? Number.NaN));
        // Half a step of rounding, plus the error of single precision.
        assert.ok(Math.abs(value - exact) <= 0.51, `at ${index}: ${value}, expected ${exact}`);
      }
    });

    it(`${name}: strips give the same bytes as the whole picture`, async () => {
      const picture = noise(700, 500);
      const radius = receptiveRadius[name];
      const contract = await contractOf(size);
      assert.ok(tilesOf(picture, tileRules(contract, { overlap: 0 }, radius, "cpu")).length > 2);
      const whole = await doubled(await inference(size, null), picture);
      assert.ok(Buffer.from((await doubled(await inference(size, radius), picture)).pixels).equals(whole.pixels));
      // A radius that is too small must make a difference.
      assert.ok(!Buffer.from((await doubled(await inference(size, 1), picture)).pixels).equals(whole.pixels));
    });

    for (const photograph of photographs) {
      it(`${name}: restores the halved ${photograph} better than bicubic interpolation`, async () => {
        const original = await decoded(photographFile(photograph));
        const small = halved(original);
        const cut = cropped(original, small.width * 2, small.height * 2);
        const ours = await doubled(await inference(size, null), small);
        const theirs = bicubicDoubled(small);
        assert.ok(psnr(ours, cut) > psnr(theirs, cut), `PSNR ${psnr(ours, cut)}, bicubic ${psnr(theirs, cut)}`);
        assert.ok(ssim(ours, cut) > ssim(theirs, cut), `SSIM ${ssim(ours, cut)}, bicubic ${ssim(theirs, cut)}`);
      });
    }
  }

  it("are found by their names; the short name is size s", () => {
    const names = ["anime4k-2x", "anime4k-2x-s", "anime4k-2x-l", "anime4k", ""];
    assert.deepEqual(names.map(findBuiltInModel), [
      "anime4k-2x-s",
      "anime4k-2x-s",
      "anime4k-2x-l",
      undefined,
      undefined,
    ]);
  });
});

function cropped({ width, pixels }: Rgb, toWidth: number, toHeight: number): Rgb {
  const result = new Uint8Array(toWidth * toHeight * 3);
  for (let y = 0; y < toHeight; y++)
    result.set(pixels.subarray(y * width * 3, (y * width + toWidth) * 3), y * toWidth * 3);
  return { width: toWidth, height: toHeight, pixels: result };
}
