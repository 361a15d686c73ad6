/** The two codec libraries. Both are CommonJS whose exports cannot be determined without running it. */
import { createRequire } from "node:module";
import type * as TurboJpeg from "@julusian/jpeg-turbo";
import type { default as Sharp } from "sharp";

const require = createRequire(import.meta.url);

export const turbo = require("@julusian/jpeg-turbo") as typeof TurboJpeg;

let loaded: typeof Sharp | undefined;

/** Loads sharp for the first picture that needs it: libvips costs about 20 MiB, which JPEG alone never uses. */
export function loadSharp(): typeof Sharp {
  if (loaded === undefined) {
    loaded = require("sharp") as typeof Sharp;
    // Each worker is one thread of work already, and no picture occurs twice.
    loaded.concurrency(1);
    loaded.cache(false);
  }
  return loaded;
}
