/** Exit of a process with a thread that cannot be terminated; worker-pipeline.test.ts has the other cases. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url));

describe("the worker pool", () => {
  it("lets the process exit while a worker is stuck in native code", async () => {
    const code = `
      const task = { id: 0, bytes: new TextEncoder().encode("long"), options: {} };
      const listener = {
        async ready(worker) {
          worker.send({ kind: "pictures", runSize: 1, headers: [], tasks: [task] }, []);
          await pool.close();
          process.exit(7);
        },
      };
      const program = new URL(${here("scripted-worker.ts")});
      let pool;
      import(${here("worker-pool.ts")}).then(({ WorkerPool }) => {
        pool = new WorkerPool({ size: 1, setup: {}, listener, program });
      });
    `;
    const child = spawn(process.execPath, ["--eval", code], { stdio: "inherit" });
    const [status] = (await once(child, "exit")) as [number | null];
    assert.equal(status, 7);
  });
});
