/** Connects the command line to the process. */
import { text } from "node:stream/consumers";
import manifest from "../../package.json" with { type: "json" };
import { run } from "./program.ts";
import { openScreen } from "./screen.ts";

/** Runs the command of `process.argv`; `name` is the command that the user typed. */
export async function runProcess(name: "gpumedia" | "kubectl gpumedia"): Promise<void> {
  // `gpumedia render | head` closes the pipe early, which is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  process.exitCode = await run(process.argv.slice(2), {
    name,
    version: manifest.version,
    terminal: {
      readInput: () => text(process.stdin),
      out: (chunk) => process.stdout.write(chunk),
      err: (chunk) => process.stderr.write(chunk),
      columns: process.stdout.isTTY ? process.stdout.columns : undefined,
      openScreen: process.stdout.isTTY ? () => openScreen(process.stdout, process.stdin) : undefined,
    },
  });
}
