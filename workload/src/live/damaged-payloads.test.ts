import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CodecName } from "./codec.ts";
import { needsCodec } from "./testing/live-codec.ts";

const program = fileURLToPath(new URL("./testing/damaged-payloads.ts", import.meta.url));
const runs = process.env["FUZZ_RUNS"] ?? "5000";
const seed = process.env["FUZZ_SEED"] ?? String(Math.floor(Math.random() * 2 ** 31));

describe("damaged payloads", () => {
  for (const name of ["VP8", "H264"] as const satisfies readonly CodecName[]) {
    it(`of ${name} do not crash the process that decodes them`, function () {
      needsCodec(this, name);
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [program, name, runs, seed]);
      assert.deepEqual([status, signal], [0, null], `FUZZ_SEED=${seed}\n${String(stderr)}`);
      const seen = JSON.parse(String(stdout)) as Record<"frame" | "damaged", number>;
      assert.ok(seen.frame > 0 && seen.damaged > 0, String(stdout));
    });
  }
});
