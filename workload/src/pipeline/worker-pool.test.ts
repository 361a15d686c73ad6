/** The end of a process with a thread that can't be ended; for the rest see worker-pipeline.test.ts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";

const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url));

describe("the worker pool", () => {
  it("lets the process end although a worker is held within native code", async () => {
    const code = `
      const work = { id: 0, bytes: new TextEncoder().encode("held"), options: {} };
      const listener = {
        async ready(worker) {
          worker.send({ kind: "pictures", runSize: 1, headers: [], works: [work] }, []);
          await pool.close();
          process.exit(7);
        },
      };
      const program = new URL(${here("testing-worker.ts")});
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
