/** Runs the launcher under the Nodes on PATH, as `npx` does. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { listen } from "../workload/loadtest/src/testing/loopback-server.ts";

const program = fileURLToPath(new URL("../workload/loadtest/bin/gpumedia-loadtest.js", import.meta.url));

function majorOf(node: string): number {
  return Number.parseInt(execFileSync(node, ["--version"], { encoding: "utf8" }).slice(1), 10);
}

/** Returns a Node on PATH that cannot run TypeScript, if there is one. */
function olderNode(): string | undefined {
  const candidates = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "node"));
  return candidates.find((node) => existsSync(node) && majorOf(node) < 24);
}

describe("the launcher", () => {
  const nodes = [
    { name: "the pinned Node", node: process.execPath },
    { name: "an older Node", node: olderNode() },
  ];
  for (const { name, node = "" } of nodes) {
    const test = node === "" ? it.skip : it;
    test(`passes arguments, output and exit status through ${name}`, async () => {
      const child = spawn(node, [program, "--rate", "fast"], { stdio: ["ignore", "ignore", "pipe"] });
      let stderr = "";
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      const [status] = (await once(child, "close")) as [number];
      assert.equal(status, 2);
      assert.match(stderr, /^gpumedia-loadtest: option '--rate <n>' argument 'fast' is invalid\./);
    });

    test(`forwards signals through ${name}, so that the program shuts down gracefully`, async () => {
      const { promise: requested, resolve } = Promise.withResolvers<void>();
      await using server = await listen(() => resolve());
      const child = spawn(node, [program, "--url", server.url], { stdio: ["ignore", "pipe", "ignore"] });
      let stdout = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      await requested;
      child.kill("SIGTERM");
      const [status] = (await once(child, "close")) as [number];
      assert.equal(status, 143);
      assert.match(stdout, /^INTERRUPTED$/m);
    });

    test(`adds the program's Node flags to those of ${name}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "launch-"));
      const launcher = new URL("launch.js", import.meta.url).href;
      await writeFile(
        join(folder, "main.ts"),
        "console.log(JSON.stringify([process.execArgv, process.argv.slice(2)]));",
      );
      await writeFile(
        join(folder, "start.mjs"),
        `import { launch } from "${launcher}";
         await launch(new URL("main.ts", import.meta.url), ["--max-semi-space-size=8"]);`,
      );
      const { stdout } = await promisify(execFile)(node, ["--no-warnings", join(folder, "start.mjs"), "a", "--b"]);
      await rm(folder, { recursive: true });
      assert.deepEqual(JSON.parse(stdout), [
        ["--no-warnings", "--max-semi-space-size=8"],
        ["a", "--b"],
      ]);
    });
  }
});
