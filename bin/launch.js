/**
 * Starts a TypeScript entry point with a Node that can run it.
 *
 * `npx` runs the Node on PATH, which may be too old to strip types. Then the Node that the npm package `node` pins runs the
 * program in a child process, as Node 20 cannot exec.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const oldestMajor = 24;

/**
 * @param {URL} entry file URL of the program's `main.ts`, which runs on import
 * @param {readonly string[]} nodeFlags flags that Node accepts only on its command line
 */
export async function launch(entry, nodeFlags = []) {
  const isNewEnough = Number.parseInt(process.versions.node, 10) >= oldestMajor;
  const missing = nodeFlags.filter((flag) => !process.execArgv.includes(flag));
  if (isNewEnough && missing.length === 0) {
    await import(entry.href);
    return;
  }
  const parameters = [...process.execArgv, ...missing, fileURLToPath(entry), ...process.argv.slice(2)];
  if (isNewEnough && process.execve !== undefined) {
    // Replaces this process, so that no launcher remains that would have to forward signals.
    process.execve(process.execPath, [process.execPath, ...parameters], process.env);
  }
  const child = spawn(pinnedNode(), parameters, { stdio: "inherit" });
  // Otherwise killing the launcher would leave the program running, or cut off its final output.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`cannot start the pinned Node: ${error.message}; run "npm ci" first\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

function pinnedNode() {
  const manifest = createRequire(import.meta.url).resolve("node/package.json");
  return join(manifest, "..", "bin", process.platform === "win32" ? "node.exe" : "node");
}
