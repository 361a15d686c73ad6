/** Writes the built-in models to `workload/models/`: `node workload/src/models/build.ts`. The files are committed. */
import { writeFileSync } from "node:fs";
import { anime4kModel } from "./anime4k/onnx.ts";
import { readNetwork, sizes, type Size, type Training } from "./anime4k/weights.ts";
import { builtInModelFile } from "./built-in.ts";

/** Chosen by measurement on photographs (docs/processor.md): in size s, Anime4K's own weights are worse than bicubic. */
export const training: Training = "rl";

/** Returns the bytes of a built-in model. */
export function buildModel(size: Size): Uint8Array {
  const doc =
    "2x super-resolution. Weights: @websr/websr, MIT, Copyright (c) 2023 Sam Bhattacharyya. See LICENSE.websr.";
  return anime4kModel(`anime4k-2x-${size}`, doc, readNetwork(size, training));
}

if (import.meta.main) {
  for (const size of sizes) writeFileSync(builtInModelFile(`anime4k-2x-${size}`), buildModel(size));
}
