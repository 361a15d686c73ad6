/** The flags of `main.ts`. Pure. */
import { Command, InvalidArgumentError, Option } from "commander";
import { optionalApis, type OptionalApi } from "./optional-crds.ts";

export interface MainOptions {
  readonly nodes: number;
  readonly gpus: number;
  /** APIs of others to serve. */
  readonly apis: readonly OptionalApi[];
  readonly operator: boolean;
  /** One process node instead of fake ones. */
  readonly runPods: boolean;
  /** Absent: any free one. */
  readonly port?: number;
  /** Stay up in the background. */
  readonly detach: boolean;
}

/** `argv` without the program's name. Prints help or a mistake and exits (0 or 2) as commander does. */
export function mainProgram(env: Readonly<Record<string, string | undefined>>): Command {
  return new Command("make cluster")
    .description(
      "Boots a real Kubernetes control plane on loopback, without Docker, with fake GPU nodes and the CRDs of crds/.\n" +
        "It runs until Ctrl-C and leaves nothing behind.",
    )
    .usage("   (with options: npm run cluster -- [options])")
    .addOption(new Option("--nodes <count>", "fake nodes").argParser(wholeNumber).default(2))
    .addOption(new Option("--gpus <count>", "GPUs per node").argParser(wholeNumber).default(4))
    .addOption(
      new Option("--apis <list>", `optional APIs to serve: all, or some of ${optionalApis.join(",")}`)
        .argParser(apiList)
        .default([], "none"),
    )
    .addOption(
      new Option("--operator", "start the operator, too, with the rights that it is shipped with").default(false),
    )
    .addOption(
      new Option("--run-pods", "one node with mock GPUs instead, whose pods run, as processes of this machine")
        .default(false)
        .conflicts(["nodes", "port"]),
    )
    .addOption(
      new Option("--port <number>", "where the API server listens (default: any free port)").argParser(wholeNumber),
    )
    .addOption(
      new Option("--detach", "stay up in the background and print how to end it; so does KEEP=1").default(
        env.KEEP === "1",
      ),
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .addHelpText("after", "\nThe first run builds the control plane, which takes minutes; GPUMEDIA_CACHE says where.");
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("It has to be a whole number.");
  return Number(text);
}

function apiList(text: string): readonly OptionalApi[] {
  if (text === "all") return optionalApis;
  return text.split(",").map((name) => {
    const api = optionalApis.find((known) => known === name);
    if (api === undefined) throw new InvalidArgumentError(`There is no ${name}; known are ${optionalApis.join(", ")}.`);
    return api;
  });
}
