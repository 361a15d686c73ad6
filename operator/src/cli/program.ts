/** The command line: commands, arguments, flags and exit codes. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseOptions, processorImage, processorImageCpu, usageError, type Options } from "../options/options.ts";
import * as value from "../options/values.ts";
import { explain } from "./commands/explain.ts";
import type { FileFlags } from "./commands/files.ts";
import { notServable, render } from "./commands/render.ts";
import { validate } from "./commands/validate.ts";
import { exit, UsageError, type ExitCode, type Terminal } from "./terminal.ts";

export interface Invocation {
  /** `gpumedia`, or `kubectl gpumedia`. */
  readonly name: string;
  readonly version: string;
  readonly terminal: Terminal;
}

/** Runs a command; `argv` is without the program's name. Does not reject for a usage error. */
export async function run(argv: readonly string[], { name, version, terminal }: Invocation): Promise<ExitCode> {
  let code: ExitCode = exit.ok;
  const program = commands({ name, version, terminal }, (result) => (code = result));
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exit.ok;
    if (!(error instanceof CommanderError) && !(error instanceof UsageError)) throw error;
    // Without a command, commander has printed the help already.
    if (error.message !== "(outputHelp)") terminal.err(usageError(name, error.message));
    return exit.usage;
  }
}

function commands({ name, version, terminal }: Invocation, end: (code: ExitCode) => void): Command {
  const defaults = operatorDefaults(version);
  const program = new Command(name)
    .description(
      "Checks, explains and renders GpuMediaService, GpuMediaProfile and GpuMediaLoadTest objects in files, without a " +
        "cluster, and shows the utilization of the services in one.",
    )
    .version(version, "--version", "Print the version.")
    .helpOption("-h, --help", "Print this help.")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      // commander throws errors as well: printing them here, too, would report them twice.
      writeErr: (text) => text.startsWith("error:") || terminal.err(text),
      getOutHelpWidth: () => Math.min(terminal.columns ?? 100, 100),
      getErrHelpWidth: () => Math.min(terminal.columns ?? 100, 100),
    })
    .addHelpText(
      "after",
      "\nWith kubectl-gpumedia on the PATH, kubectl gpumedia runs the same commands.\n" +
        'In a checkout: export PATH="$PWD/node_modules/.bin:$PATH"',
    );

  withFiles(program.command("validate"))
    .summary("Validate objects in files.")
    .description(
      "Validates GpuMediaService, GpuMediaProfile and GpuMediaLoadTest objects in files as the API server and the " +
        "operator do. Prints each finding with its line and column. Exit codes: 0 without findings, 1 with findings, " +
        "2 for a usage error.",
    )
    .addOption(new Option("-o, --output <format>", "Output format.").choices(["text", "json"]).default("text"))
    .action(async (files, flags) => end(await validate(withNamed(files, flags), terminal)));

  withFiles(program.command("explain"))
    .summary("Print every value of a service and its origin.")
    .description("Prints every effective value of services and its origin: the guide, a profile, the spec or a flag.")
    .addOption(profilesOption())
    .addOption(processorImage(version))
    .addOption(processorImageCpu(version))
    .addOption(
      new Option("--only <path>", "Print only this part of the spec, such as autoscaling.horizontal.").default(
        "",
        "all",
      ),
    )
    .addOption(new Option("-o, --output <format>", "Output format.").choices(["table", "json"]).default("table"))
    .action(async (files, flags) => end(await explain(withNamed(files, flags), terminal)));

  withFiles(program.command("render"))
    .summary("Print the objects of a service as YAML.")
    .description(
      "Prints the children of services as YAML, as the operator would apply them, and after them the objects that services share.",
    )
    .addOption(profilesOption())
    .addOption(processorImage(version))
    .addOption(processorImageCpu(version))
    .option(
      "--operator-namespace <name>",
      "Namespace of the operator, which NetworkPolicies admit.",
      value.namespace,
      defaults.operatorNamespace,
    )
    .option("--runbook-url <url>", "URL of the page with the alerts' runbooks.", value.httpUrl, defaults.runbookUrl)
    .addOption(
      new Option("--rollout <strategy>", "Rollout strategy that rollout.strategy: Auto resolves to.")
        .choices(["Surge", "InPlace", "Recreate"])
        .default("Surge"),
    )
    .addOption(
      new Option(
        "--not-served <list>",
        `APIs and features that the cluster lacks, comma-separated: ${notServable.join(", ")}.`,
      )
        .argParser(notServedList)
        .default(new Set(), "none"),
    )
    .action(async (files, flags) => end(await render(withNamed(files, flags), terminal)));

  withConnection(program.command("checklist"))
    .summary("Print the guide's checklists for a service.")
    .argument("<service>", "Name of the service.")
    .description("Prints all items of the guide's checklists for a service, those that need no action included.")
    .option("-n, --namespace <name>", "Namespace of the service. Default: the context's.", value.namespace)
    .addOption(new Option("-o, --output <format>", "Output format.").choices(["table", "json"]).default("table"))
    .action(async (name, flags) => {
      const { checklist } = await import("./commands/checklist.ts");
      end(await checklist(name, flags, terminal, version));
    });

  withConnection(program.command("top"))
    .summary("Display the utilization of services, pods and GPUs.")
    .argument("[service...]", "Names of services. Default: all in the namespace.")
    .description("Displays the utilization of services, their pods and GPUs, as the pods report it, and refreshes it.")
    .option("-n, --namespace <name>", "Namespace of the services. Default: the context's.", value.namespace)
    .option("-A, --all-namespaces", "Display the services of all namespaces.", false)
    .option("--once", "Print one table and exit. Implied when the output is not a terminal.", false)
    .addOption(
      new Option("-o, --output <format>", "Output format; json is printed once.")
        .choices(["table", "json"])
        .default("table"),
    )
    .addOption(
      new Option("--interval <duration>", "Interval between refreshes.").argParser(value.duration).default(5_000, "5s"),
    )
    .action(async (names, flags) => {
      // Loaded on demand: the other commands need no client.
      const { top } = await import("./commands/top.ts");
      end(await top(names, flags, terminal, version));
    });

  return program;
}

/** The operator's own defaults, so that a rendered child is the one that it creates. */
function operatorDefaults(version: string): Options {
  const parsed = parseOptions([], {}, { version });
  if (parsed.kind !== "run") throw new Error(parsed.stderr);
  return parsed.options;
}

function withConnection(command: Command): Command {
  return command
    .option(
      "--kubeconfig <file>",
      "Path to the kubeconfig file. Default: $KUBECONFIG, then ~/.kube/config.",
      value.path,
    )
    .option("--context <name>", "Context in the kubeconfig file. Default: its current context.");
}

function withFiles(command: Command): Command {
  return command
    .argument("[file...]", "Files, as with --filename.")
    .addOption(
      new Option("-f, --filename <file...>", "Files, directories, or - for standard input.").default([], "none"),
    )
    .option("-R, --recursive", "Read subdirectories, too. Files without Kubernetes objects are skipped.", false);
}

/** Files may be given with -f, as for kubectl, or without. */
function withNamed<Flags extends FileFlags>(files: readonly string[], flags: Flags): Flags {
  const filename = [...files, ...flags.filename];
  if (filename.length === 0) throw new UsageError("no files given: use -f FILE, or -f - for standard input");
  return { ...flags, filename };
}

function profilesOption(): Option {
  return new Option("--profiles <file...>", "Additional files with GpuMediaProfile objects.").default([], "none");
}

function notServedList(text: string): ReadonlySet<string> {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !notServable.includes(name));
  if (unknown === undefined) return new Set(names);
  throw new InvalidArgumentError(`${unknown} is not one of ${notServable.join(", ")}.`);
}
