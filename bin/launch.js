/**
 * Starts a TypeScript entry point with a Node that runs `.ts` as it is.
 *
 * `npx` takes the Node of the machine, which may be 20: it neither strips types nor is it what the tests ran with.
 * Then the Node 24 that npm package `node` pins takes over, in a child, because Node 20 cannot exec.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const oldestMajor = 24;

/**
 * @param {URL} entry file URL of the program's `main.ts`, which runs when it is imported
 * @param {readonly string[]} nodeFlags flags that Node takes at its start only
 */
export async function launch(entry, nodeFlags = []) {
  const isOldEnough = Number.parseInt(process.versions.node, 10) >= oldestMajor;
  const missing = nodeFlags.filter((flag) => !process.execArgv.includes(flag));
  if (isOldEnough && missing.length === 0) {
    await import(entry.href);
    return;
  }
  const parameters = [...process.execArgv, ...missing, fileURLToPath(entry), ...process.argv.slice(2)];
  if (isOldEnough && process.execve !== undefined) {
    // This very process becomes the program, with its flags: none is left that would have to pass on signals.
    process.execve(process.execPath, [process.execPath, ...parameters], process.env);
  }
  const child = spawn(pinnedNode(), parameters, { stdio: "inherit" });
  // Without this a `kill` of the launcher would leave the program running, or end it before its last words.
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
