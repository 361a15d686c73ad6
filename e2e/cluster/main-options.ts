/** The flags of `make cluster`. Pure. */
import { Command, InvalidArgumentError, Option } from "commander";
import { optionalApis, type OptionalApi } from "./optional-crds.ts";

export interface MainOptions {
  readonly nodes: number;
  readonly gpus: number;
  /** Optional APIs to serve. */
  readonly apis: readonly OptionalApi[];
  readonly operator: boolean;
  /** One process node instead of fake nodes. */
  readonly runPods: boolean;
  /** Default: any free port. */
  readonly port?: number;
  /** Run in the background. */
  readonly detach: boolean;
}

/** After `parse()`, help exits with 0 and an error with 2. */
export function mainProgram(env: Readonly<Record<string, string | undefined>>): Command {
  return new Command("make cluster")
    .description(
      "Run a Kubernetes control plane on loopback, without Docker, with fake GPU nodes and the CRDs in crds/.\n" +
        "It runs until Ctrl-C and leaves nothing behind.",
    )
    .usage("   (with options: npm run cluster -- [options])")
    .addOption(new Option("--nodes <count>", "Number of fake nodes.").argParser(wholeNumber).default(2))
    .addOption(new Option("--gpus <count>", "Number of GPUs per node.").argParser(wholeNumber).default(4))
    .addOption(
      new Option("--apis <list>", `Optional APIs to serve, comma-separated, or all: ${optionalApis.join(", ")}.`)
        .argParser(apiList)
        .default([], "none"),
    )
    .addOption(new Option("--operator", "Run the operator, with the rights of an installation.").default(false))
    .addOption(
      new Option(
        "--run-pods",
        "Add one node with mock GPUs, whose pods run as processes on this machine, instead of fake nodes.",
      )
        .default(false)
        .conflicts(["nodes", "port"]),
    )
    .addOption(new Option("--port <number>", "Port of the API server. Default: any free port.").argParser(wholeNumber))
    .addOption(
      new Option("--detach", "Run in the background, and print how to stop it. KEEP=1 does the same.").default(
        env.KEEP === "1",
      ),
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .addHelpText(
      "after",
      "\nThe first run builds the control plane, which takes minutes. GPUMEDIA_CACHE is the directory for it.",
    );
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
}

function apiList(text: string): readonly OptionalApi[] {
  if (text === "all") return optionalApis;
  return text.split(",").map((name) => {
    const api = optionalApis.find((known) => known === name);
    if (api === undefined)
      throw new InvalidArgumentError(`unknown API ${name}: must be one of ${optionalApis.join(", ")}`);
    return api;
  });
}
