/** A publisher and viewer of live video by another project, beside a real processor. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { needsCodec } from "@gpumedia/processor/src/live/testing/live-codec.ts";
import { realProcessor } from "@gpumedia/processor/src/routes/testing/real-processor.ts";
import { modelFile, pictureModelBytes } from "@gpumedia/processor/src/testing/picture-models.ts";
import { pythonWith, whyNoPython } from "./python.ts";

const here = (path: string): string => fileURLToPath(new URL(`live/${path}`, import.meta.url));
const noPython = whyNoPython();
// The packages are installed the first time. No hook's timeout runs while mocha loads the specs.
const python = noPython === undefined ? await pythonWith(here("requirements.txt")) : "";

describe("live video", function () {
  this.timeout(120_000);

  it("of aiortc 1.16.0 is published by WHIP, and watched by WHEP", async function () {
    if (noPython !== undefined) {
      // npm cannot install Python.
      process.stdout.write(`      skipped: ${noPython}\n`);
      this.skip();
    }
    needsCodec(this);
    await using processor = await realProcessor({
      workers: 1,
      model: { name: "repeating", path: modelFile(pictureModelBytes()) },
      live: { enabled: true, udpPort: 0 },
    });
    const { stdout } = await promisify(execFile)(python, [here("publish_aiortc.py"), processor.url, "garden", "15"]);
    const { size, luma } = JSON.parse(stdout) as { readonly size: readonly number[]; readonly luma: number };
    // The model doubles the sides; 180 of 255 within what the codec loses.
    assert.deepEqual(size, [640, 480]);
    assert.ok(Math.abs(luma - 180) <= 4, `luma is ${luma}`);
  });
});
