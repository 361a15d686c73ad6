/** `gpumedia-processor dmon` as a program: arguments, signals, outputs, exit status. */
import { CommanderError } from "commander";
import { dmonCommand } from "./dmon.ts";

/** `argv` without the program and `dmon`. Answers the exit status: 2 for arguments that are wrong. */
export async function runDmon(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  // A reader that leaves early, such as `head`, ends the watch like a signal.
  process.stdout.on("error", () => interrupt.abort());
  let status = 0;
  const outputs = {
    print: (line: string) => void process.stdout.write(`${line}\n`),
    complain: (line: string) => void process.stderr.write(`gpumedia-processor dmon: ${line}\n`),
    interrupt: interrupt.signal,
  };
  const command = dmonCommand(outputs, (code) => (status = code)).exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  try {
    await command.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    outputs.complain(error.message.replace(/^error: /, ""));
    return 2;
  }
  return status;
}
