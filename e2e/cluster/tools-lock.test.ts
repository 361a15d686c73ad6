import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { withLock } from "./tools-lock.ts";

const lockModule = new URL("tools-lock.ts", import.meta.url).href;

describe("a lock", () => {
  it("runs one after the other, also after an error, and returns the result", async () => {
    const name = randomUUID();
    const log: string[] = [];
    const work = (label: string) => async (): Promise<string> => {
      log.push(`${label} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push(`${label} ends`);
      if (label === "b") throw new Error("failed");
      return label;
    };
    const results = await Promise.allSettled(["a", "b", "c", "d"].map((label) => withLock(name, work(label))));
    assert.deepEqual(
      results.map((result) => (result.status === "fulfilled" ? result.value : String(result.reason))),
      ["a", "Error: failed", "c", "d"],
    );
    const pairs = Array.from({ length: 4 }, (_, index) => log.slice(2 * index, 2 * index + 2));
    for (const [begins, ends] of pairs) assert.equal(begins?.split(" ")[0], ends?.split(" ")[0]);
  });

  it("does not block a lock of another name", async () => {
    await withLock(randomUUID(), () => withLock(randomUUID(), async () => {}));
  });

  it("is released when its holder is killed", async () => {
    const name = randomUUID();
    const script = `import { withLock } from "${lockModule}";
      await withLock("${name}", () => new Promise((resolve) => { console.log("held"); setInterval(() => {}, 1e6); }));`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    let isIn = false;
    const waiting = withLock(name, async () => void (isIn = true));
    // By then the other one has been refused and waits.
    await withLock(randomUUID(), async () => {});
    assert.equal(isIn, false);
    holder.kill("SIGKILL");
    await waiting;
    assert.equal(isIn, true);
  });
});
