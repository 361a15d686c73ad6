/** Runs `gpumedia-processor dmon`: arguments, signals, outputs, exit status. */
import { CommanderError } from "commander";
import { dmonCommand } from "./dmon.ts";

/** `argv`: the arguments after `dmon`. Returns the exit status: 2 for invalid arguments. */
export async function runDmon(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  // A reader that exits early, such as `head`, stops the output like a signal.
  process.stdout.on("error", () => interrupt.abort());
  let status = 0;
  const outputs = {
    print: (line: string) => void process.stdout.write(`${line}\n`),
    warn: (line: string) => void process.stderr.write(`gpumedia-processor dmon: ${line}\n`),
    interrupt: interrupt.signal,
  };
  const command = dmonCommand(outputs, (code) => (status = code)).exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  try {
    await command.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    outputs.warn(error.message.replace(/^error: /, ""));
    return 2;
  }
  return status;
}
