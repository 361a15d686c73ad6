/** The command line: what the commands are called, what they take, and which exit code they end with. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseOptions, processorImage, processorImageCpu, type Options } from "../options.ts";
import * as value from "../options-values.ts";
import { explain } from "./commands/explain.ts";
import { render } from "./commands/render.ts";
import { validate } from "./commands/validate.ts";
import { optionalKinds } from "./render.ts";
import { exit, UsageError, type ExitCode, type Terminal } from "./terminal.ts";

export interface Invocation {
  /** `gpumedia`, or `kubectl gpumedia`. */
  readonly name: string;
  readonly version: string;
  readonly terminal: Terminal;
}

/** `argv` without the program's name. Never throws for what a user can do wrong. */
export async function run(argv: readonly string[], { name, version, terminal }: Invocation): Promise<ExitCode> {
  let code: ExitCode = exit.ok;
  const program = commands({ name, version, terminal }, (result) => (code = result));
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exit.ok;
    if (!(error instanceof CommanderError) && !(error instanceof UsageError)) throw error;
    const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    // Without a command commander has printed the help, and has nothing more to say.
    if (message !== "(outputHelp)") terminal.err(`${name}: ${message} (--help lists commands and flags)\n`);
    return exit.usage;
  }
}

function commands({ name, version, terminal }: Invocation, end: (code: ExitCode) => void): Command {
  const defaults = operatorDefaults(version);
  const program = new Command(name)
    .description(
      "Looks at GpuMediaService and GpuMediaProfile objects: in files, without a cluster, and at work in one.",
    )
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this text")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      // A mistake is thrown as well, and one line of it is enough; the help that stands for a missing command is not.
      writeErr: (text) => text.startsWith("error:") || terminal.err(text),
      getOutHelpWidth: () => Math.min(terminal.columns ?? 100, 100),
      getErrHelpWidth: () => Math.min(terminal.columns ?? 100, 100),
    });

  withFiles(program.command("validate"))
    .description("Says what is wrong in files, with line and column: fields, values, rules, contradictions.")
    .addOption(new Option("-o, --output <format>", "how").choices(["text", "json"]).default("text"))
    .action(async (flags) => end(await validate(flags, terminal)));

  withFiles(program.command("explain"))
    .description("Prints every effective value of services with where it comes from: guide, profile, spec.")
    .addOption(profilesOption())
    .addOption(processorImage(version))
    .addOption(processorImageCpu(version))
    .addOption(new Option("--only <path>", "this part of the spec, such as autoscaling.horizontal").default("", "all"))
    .addOption(new Option("-o, --output <format>", "how").choices(["table", "json"]).default("table"))
    .action(async (flags) => end(await explain(flags, terminal)));

  withFiles(program.command("render"))
    .description("Prints the children of services as YAML, as the operator would make them.")
    .addOption(profilesOption())
    .addOption(processorImage(version))
    .addOption(processorImageCpu(version))
    .addOption(
      new Option("--operator-namespace <name>", "where the operator runs, for the NetworkPolicy")
        .argParser(value.namespace)
        .default(defaults.operatorNamespace),
    )
    .addOption(
      new Option("--runbook-url <url>", "page of the alerts' runbooks")
        .argParser(value.httpUrl)
        .default(defaults.runbookUrl),
    )
    .addOption(
      new Option("--rollout <how>", "what rollout.strategy Auto decides on")
        .choices(["Surge", "InPlace", "Recreate"])
        .default("Surge"),
    )
    .addOption(
      new Option("--not-served <list>", `leave out what the cluster lacks: ${notServable.join(", ")}`)
        .argParser(notServedList)
        .default(new Set(), "none"),
    )
    .action(async (flags) => end(await render(flags, terminal)));

  program
    .command("top")
    .argument("[service...]", "these services (default: all of the namespace)")
    .description("Shows what services, their pods and GPUs are busy with, again and again, as the pods report it.")
    .addOption(
      new Option("-n, --namespace <name>", "of the services (default: the context's)").argParser(value.namespace),
    )
    .addOption(new Option("-A, --all-namespaces", "services of all namespaces").default(false))
    .addOption(new Option("--once", "print one table and end, as when the output is no terminal").default(false))
    .addOption(
      new Option("-o, --output <format>", "how; json is printed once").choices(["table", "json"]).default("table"),
    )
    .addOption(
      new Option("--interval <duration>", "from one look to the next").argParser(value.duration).default(5_000, "5s"),
    )
    .addOption(
      new Option(
        "--kubeconfig <file>",
        "how to reach the cluster (default: $KUBECONFIG, else ~/.kube/config)",
      ).argParser(value.path),
    )
    .addOption(new Option("--context <name>", "context of the kubeconfig (default: its current one)"))
    .action(async (names, flags) => {
      // What talks to clusters is loaded by what does.
      const { top } = await import("./commands/top.ts");
      end(await top(names, flags, terminal, version));
    });

  return program;
}

/** The operator's own, so that a rendered child is the one that it makes. */
function operatorDefaults(version: string): Options {
  const parsed = parseOptions([], {}, { version });
  if (parsed.kind !== "run") throw new Error(parsed.stderr);
  return parsed.options;
}

function withFiles(command: Command): Command {
  return command
    .addOption(
      new Option("-f, --filename <file...>", "files, directories, or - for standard input").makeOptionMandatory(),
    )
    .addOption(new Option("-R, --recursive", "also the subdirectories of directories").default(false));
}

function profilesOption(): Option {
  return new Option("--profiles <file...>", "files with GpuMediaProfile objects, beside those in -f").default(
    [],
    "none",
  );
}

/** Beside optional kinds, two abilities that children depend on. */
export const notServable: readonly string[] = [...optionalKinds, "custom.metrics.k8s.io", "InPlaceOrRecreate"];

function notServedList(text: string): ReadonlySet<string> {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !notServable.includes(name));
  if (unknown === undefined) return new Set(names);
  throw new InvalidArgumentError(`${unknown} is none of ${notServable.join(", ")}.`);
}
