/** sharp, loaded when the first picture needs it: libvips costs some 20 MiB that a service for JPEG never uses. */
import { createRequire } from "node:module";
import type { default as Sharp } from "sharp";

let loaded: typeof Sharp | undefined;

export function loadSharp(): typeof Sharp {
  if (loaded === undefined) {
    loaded = createRequire(import.meta.url)("sharp") as typeof Sharp;
    // Each worker is one thread of work already, and no picture is seen twice.
    loaded.concurrency(1);
    loaded.cache(false);
  }
  return loaded;
}
