/** The codec of this machine, for tests that need it. */
import type { Context } from "mocha";
import { openLibvpx } from "../libvpx.ts";

/** Skips the test with the reason if the codec is missing. */
export function needsCodec(test: Context): ReturnType<typeof openLibvpx> {
  try {
    return openLibvpx();
  } catch (error) {
    process.stdout.write(`      skipped: ${(error as Error).message}\n`);
    return test.skip();
  }
}
