/** The mock driver for a test: its library, and the file with the GPUs' state. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "mocha";
import { type Driver, mockLibrary } from "../../../gpu-mock/library.ts";
import { type MockState, writeState } from "../../../gpu-mock/state.ts";

export { mockGpu } from "../../../gpu-mock/state.ts";

export interface MockDriver extends Disposable {
  readonly library: string;
  readonly file: string;
  show(state: MockState): void;
}

/** Skips the test, with the reason on standard error, on a machine that cannot build the mock. */
export function mockDriver(test: Context, driver: Driver = "current"): MockDriver {
  const library = mockLibrary(driver);
  if (library.kind === "no-compiler") {
    process.stderr.write(`skipped: ${library.message}\n`);
    return test.skip();
  }
  const folder = mkdtempSync(join(tmpdir(), "gpumedia-nvml-"));
  const file = join(folder, "state");
  // The library reads it with getenv(3), which sees changes of Node's main thread.
  process.env["GPUMEDIA_NVML_MOCK"] = file;
  return {
    library: library.path,
    file,
    show: (state) => writeState(file, state),
    [Symbol.dispose]: () => {
      delete process.env["GPUMEDIA_NVML_MOCK"];
      rmSync(folder, { recursive: true });
    },
  };
}
