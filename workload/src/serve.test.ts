/** How a processor ends whose workers all fail: a process of its own, with a worker program that fails. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Exit status and termination message. */
async function endOf(workerProgram: URL): Promise<{ readonly status: number | null; readonly message: string }> {
  const folder = mkdtempSync(join(tmpdir(), "gpumedia-end-"));
  try {
    const file = join(folder, "termination-log");
    writeFileSync(file, "");
    const program = fileURLToPath(new URL("testing/failing-processor.ts", import.meta.url));
    const env = { ...process.env, GPUMEDIA_TERMINATION_LOG: file };
    const child = spawn(process.execPath, [program, workerProgram.href], { env, stdio: "ignore" });
    const [status] = (await once(child, "exit")) as [number | null];
    return { status, message: readFileSync(file, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("a processor that cannot go on", () => {
  const prefix = "gpumedia-processor: anime4k-2x failed in all workers and in those that replaced them: ";

  it("ends with the reason when each run fails, also in new workers (sglang#853)", async () => {
    assert.deepEqual(await endOf(new URL("pipeline/scripted-worker.ts", import.meta.url)), {
      status: 1,
      message: `${prefix}its runs fail: CUDA failure 700\n`,
    });
  });

  it("ends with the reason when its workers die before they are ready", async () => {
    assert.deepEqual(await endOf(new URL("data:text/javascript,throw new Error('no memory left')")), {
      status: 1,
      message: `${prefix}no memory left\n`,
    });
  });
});
