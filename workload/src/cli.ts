/** The command line of gpumedia-processor. Pure. */
import { Command, CommanderError } from "commander";
import { overrides } from "./config/environment.ts";

export type ParsedCommand =
  | { readonly kind: "serve"; readonly config: string | undefined }
  | { readonly kind: "exit"; readonly code: 0 | 2; readonly stdout: string; readonly stderr: string };

const help = `
Without --config all is as in the guide's production setup, on the CPU. Each setting can also be given in the
environment, which wins: ${overrides.map(({ variable }) => variable).join(", ")}.
logLevel, queue and batch are taken over from the file while the processor runs.

Exit status: 0 ended in order, 1 failed or not ended in time, 2 wrong configuration, 3 the accelerator can't be used,
4 the model can't be used.

gpumedia-processor dmon prints the GPUs' figures line by line; see gpumedia-processor dmon --help.`;

/** `argv` without the program's name. */
export function parseCommand(argv: readonly string[]): ParsedCommand {
  let stdout = "";
  const program = new Command("gpumedia-processor")
    .description("Sends pictures through a model, over HTTP.")
    .option("--config <file>", "configuration, YAML or JSON")
    .helpOption("-h, --help", "print this text")
    .addHelpText("after", help)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => (stdout += text), writeErr: () => {} });
  try {
    program.parse(argv, { from: "user" });
    return { kind: "serve", config: program.opts<{ config?: string }>().config };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "exit", code: 0, stdout, stderr: "" };
    const message = error.message.replace(/^error: /, "");
    return { kind: "exit", code: 2, stdout: "", stderr: `gpumedia-processor: ${message} (--help lists the options)\n` };
  }
}
