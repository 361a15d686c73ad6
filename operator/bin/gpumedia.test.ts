/** Runs the installed programs: by name, as a kubectl plug-in, and in a pipe. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const bin = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe("the installed programs", () => {
  for (const [file, name] of [
    ["gpumedia.js", "gpumedia"],
    ["kubectl-gpumedia.js", "kubectl gpumedia"],
  ] as const) {
    it(`${file} uses the name ${name} in its help and errors, and returns exit codes`, async () => {
      const { stdout } = await promisify(execFile)(bin(file), ["--help"]);
      assert.match(stdout, new RegExp(`^Usage: ${name} `));
      const failure = promisify(execFile)(bin(file), ["validate"]);
      await assert.rejects(failure, { code: 2, stderr: new RegExp(`^${name}: no files given`) });
    });
  }

  it("reads standard input, and exits without an error when the reader of its output closes the pipe", async () => {
    const child = spawn(bin("gpumedia.js"), ["render", "-f", "-"], { stdio: ["pipe", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.once("data", () => child.stdout.destroy());
    const documents = Array.from(
      { length: 200 },
      (_, index) => `apiVersion: gpumedia.io/v1alpha1\nkind: GpuMediaService\nmetadata: {name: s${index}}\nspec: {}\n`,
    );
    child.stdin.end(documents.join("---\n"));
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, stderr], [0, ""]);
  });
});
