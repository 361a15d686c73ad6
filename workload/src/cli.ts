/** The command line of gpumedia-processor. Pure. */
import { Command, CommanderError } from "commander";
import { overrides } from "./config/environment.ts";

export type ParsedCommand =
  | { readonly kind: "serve"; readonly config: string | undefined }
  | { readonly kind: "exit"; readonly code: 0 | 2; readonly stdout: string; readonly stderr: string };

const help = `
Commands:
  dmon  Print GPU metrics line by line. See gpumedia-processor dmon --help.

Without a configuration file, the processor runs on the CPU with the guide's production settings. Environment variables
override the file: ${overrides.map(({ variable }) => variable).join(", ")}.
Changes to logLevel, queue, batch, live.publicAddresses and live.publicPort in the file apply without a restart.
GPUMEDIA_ENVIRONMENT=development serves a page at / to try the processor.

Exit status: 0 shut down gracefully, 1 failed or did not shut down in time, 2 invalid configuration, 3 accelerator
unavailable, 4 model unusable.`;

/** `argv` excludes the program's name. */
export function parseCommand(argv: readonly string[]): ParsedCommand {
  let stdout = "";
  const program = new Command("gpumedia-processor")
    .description("Process images with a model, over HTTP.")
    .option("--config <file>", "Path to the configuration file, in YAML or JSON.")
    .helpOption("-h, --help", "Help for gpumedia-processor.")
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
    const hint = "see 'gpumedia-processor --help' for usage";
    const message = error.message.replace(/^error: /, "");
    return { kind: "exit", code: 2, stdout: "", stderr: `gpumedia-processor: ${message}; ${hint}\n` };
  }
}
