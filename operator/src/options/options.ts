/** The operator's flags. Pure: everything that they depend on is an argument of `parseOptions`. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { ListenAddress } from "../runtime/health.ts";
import type { LogLevel } from "../runtime/log.ts";
import * as value from "./values.ts";

export interface Options {
  /** Absent: KUBECONFIG, then the pod's service account, then ~/.kube/config. */
  readonly kubeconfig?: string;
  /** Absent: the kubeconfig's current context. */
  readonly context?: string;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Of the Lease and of the objects that belong to no service. */
  readonly operatorNamespace: string;
  /** For services with GPUs that set no image. */
  readonly processorImage: string;
  /** For services without GPUs that set no image. */
  readonly processorImageCpu: string;
  /** Page of the alerts' runbooks; an alert's name is its anchor. */
  readonly runbookUrl: string;
  /** Services reconciled at once. */
  readonly concurrency: number;
  /** Services that may roll out at once for a reason that is not their own, such as an edited profile. */
  readonly maxRollouts: number;
  /** Concurrent requests to the API server, not counting watches. */
  readonly maxRequestsInFlight: number;
  readonly resyncIntervalMs: number;
  /** Between two reports of a pod. */
  readonly utilizationIntervalMs: number;
  /** Where custom.metrics.k8s.io is served. */
  readonly metricsApiAddress: ListenAddress | "off";
  /** The Service in the operator's namespace through which the API server reaches `metricsApiAddress`. */
  readonly metricsApiService: string;
  /** This process's address in the cluster; absent: the Service has a selector of its own. */
  readonly metricsApiAdvertiseAddress?: string;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly healthAddress: ListenAddress | "off";
  readonly metricsAddress: ListenAddress | "off";
  readonly logLevel: LogLevel;
  readonly shutdownTimeoutMs: number;
}

export type ParsedOptions =
  | { readonly kind: "run"; readonly options: Options }
  /** `--help` and `--version` (0), or a usage error (2). */
  | { readonly kind: "exit"; readonly code: 0 | 2; readonly stdout: string; readonly stderr: string };

/** What defaults depend on, beside arguments and environment. */
export interface Installation {
  readonly version: string;
  /** The contents of the service account's `namespace` file, in a pod. */
  readonly podNamespace?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Parses `argv`, without the program's name. A flag overrides its environment variable, which overrides the default. */
export function parseOptions(
  argv: readonly string[],
  env: Environment,
  { version, podNamespace }: Installation,
): ParsedOptions {
  let stdout = "";
  const program = flags(version, env.POD_NAMESPACE || podNamespace?.trim() || "gpumedia-system")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (stdout += text),
      // commander throws the error as well: printing it here, too, would report it twice.
      writeErr: () => {},
      getOutHelpWidth: () => 80,
      getOutHasColors: () => false,
    });
  try {
    program.parse(argv, { from: "user" });
    readEnvironment(program, env);
    return { kind: "run", options: checked(optionsOf(program)) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "exit", code: 0, stdout, stderr: "" };
    return { kind: "exit", code: 2, stdout: "", stderr: usageError(program.name(), error.message) };
  }
}

/** One line, as kubectl writes it. */
export function usageError(program: string, message: string): string {
  const text = message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, "");
  return `${program}: ${text}; see '${program} --help' for usage\n`;
}

function flags(version: string, operatorNamespace: string): Command {
  return new Command("gpumedia-operator")
    .description("Creates, tunes, autoscales and monitors the objects behind each GpuMediaService of a cluster.")
    .optionsGroup("Cluster:")
    .option(
      "--kubeconfig <file>",
      "Path to the kubeconfig file. Default: $KUBECONFIG, then the pod's service account, then ~/.kube/config.",
      value.path,
    )
    .option("--context <name>", "Context in the kubeconfig file. Default: its current context.")
    .addOption(
      new Option("--namespaces <list>", "Namespaces to watch, comma-separated.")
        .argParser(value.namespaces)
        .default([], "all"),
    )
    .option(
      "--operator-namespace <name>",
      "Namespace of the Lease. In a pod, the default is the pod's namespace.",
      value.namespace,
      operatorNamespace,
    )
    .optionsGroup("Services:")
    .addOption(processorImage(version))
    .addOption(processorImageCpu(version))
    .option(
      "--runbook-url <url>",
      "URL of the page with the alerts' runbooks. The alert's name is the anchor.",
      value.httpUrl,
      "https://gpumedia.io/docs/alerts",
    )
    .addOption(count("--concurrency <count>", "Number of services to reconcile at once.", 8, 1, 256))
    .addOption(
      count(
        "--max-rollouts <count>",
        "Maximum number of services that a profile's edit rolls out at once.",
        5,
        1,
        10_000,
      ),
    )
    .addOption(
      count(
        "--max-requests-in-flight <count>",
        "Maximum number of concurrent requests to the API server.",
        32,
        1,
        1_000,
      ),
    )
    .addOption(
      time("--resync-interval <duration>", "Interval at which each service is reconciled without a change.", "30m"),
    )
    .addOption(
      time("--utilization-interval <duration>", "Interval at which each pod's utilization is collected.", "15s"),
    )
    .optionsGroup("custom.metrics.k8s.io (see docs/metrics-api.md):")
    .addOption(address("--metrics-api-address <address>", "Address to serve the pods' metrics on; 0 disables it.", "0"))
    .option(
      "--metrics-api-service <name>",
      "Service that routes to --metrics-api-address.",
      value.objectName,
      "gpumedia-operator-metrics",
    )
    .option(
      "--metrics-api-advertise-address <ip>",
      "IP address at which that Service reaches this process.",
      value.ipAddress,
    )
    .optionsGroup("Leader election:")
    .option("--leader-elect", "Reconcile only while holding the Lease.", true)
    .option("--no-leader-elect", "Reconcile without the Lease. Use only with a single replica.")
    .option("--lease-name <name>", "Name of the Lease.", value.objectName, "gpumedia-operator")
    .addOption(time("--lease-duration <duration>", "Time without a renewal after which a standby takes over.", "15s"))
    .addOption(time("--renew-deadline <duration>", "Time without a renewal after which the leader exits.", "10s"))
    .addOption(time("--retry-period <duration>", "Time between attempts to acquire or renew the Lease.", "2s"))
    .optionsGroup("Process:")
    .addOption(
      address("--health-address <address>", "Address to serve /livez and /readyz on; 0 disables them.", ":8081"),
    )
    .addOption(address("--metrics-address <address>", "Address to serve /metrics on; 0 disables it.", ":8080"))
    .option(
      "--log-level <level>",
      "Log level: trace, debug, info, warn, error, fatal or silent.",
      value.logLevel,
      "info",
    )
    .addOption(time("--shutdown-timeout <duration>", "Time to shut down gracefully after SIGTERM.", "25s"))
    .version(version, "--version", "Print the version.")
    .helpOption("-h, --help", "Print this help.")
    .addHelpText(
      "after",
      "\nEach flag can also be set in the environment: --log-level as GPUMEDIA_LOG_LEVEL.\n" +
        "Durations: 500ms, 15s, 1m30s, 2h. Addresses: :8081, 127.0.0.1:8081, [::1]:8081.",
    );
}

export function processorImage(version: string): Option {
  return new Option("--processor-image <image>", "Processor image of services with GPUs that set no image.")
    .argParser(value.imageName)
    .default(`gpumedia-processor:${version}-cuda`);
}

export function processorImageCpu(version: string): Option {
  return new Option("--processor-image-cpu <image>", "Processor image of services without GPUs that set no image.")
    .argParser(value.imageName)
    .default(`gpumedia-processor:${version}`);
}

function time(flag: string, description: string, byDefault: string): Option {
  return new Option(flag, description).argParser(value.duration).default(value.duration(byDefault), byDefault);
}

function address(flag: string, description: string, byDefault: string): Option {
  return new Option(flag, description)
    .argParser(value.listenAddress)
    .default(value.listenAddress(byDefault), byDefault);
}

function count(flag: string, description: string, byDefault: number, min: number, max: number): Option {
  return new Option(flag, description).argParser(value.wholeNumber(min, max)).default(byDefault);
}

/** commander's own `.env()` reads `process.env`, which would make this impure. */
function readEnvironment(program: Command, env: Environment): void {
  for (const option of program.options) {
    const variable = `GPUMEDIA_${option.attributeName().replace(/[A-Z]/g, "_$&").toUpperCase()}`;
    const text = env[variable];
    const onCommandLine = program.getOptionValueSource(option.attributeName()) === "cli";
    // Manifests set a variable to the empty string to leave it out.
    if (text === undefined || text === "" || onCommandLine || option.negate || option.long === "--version") continue;
    const parse = option.isBoolean() ? value.onOrOff : (option.parseArg ?? String);
    try {
      program.setOptionValueWithSource(option.attributeName(), parse(text, undefined), "env");
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new InvalidArgumentError(`environment variable ${variable} '${text}' is invalid. ${error.message}`);
    }
  }
}

/** The flags' values, with units in the names of durations. */
function optionsOf(program: Command): Options {
  const { leaseDuration, renewDeadline, retryPeriod, ...others } = program.opts<
    Omit<Options, `${string}Ms`> & Readonly<Record<DurationFlag, number>>
  >();
  const { resyncInterval, utilizationInterval, shutdownTimeout, ...rest } = others;
  return {
    ...rest,
    leaseDurationMs: leaseDuration,
    renewDeadlineMs: renewDeadline,
    retryPeriodMs: retryPeriod,
    resyncIntervalMs: resyncInterval,
    utilizationIntervalMs: utilizationInterval,
    shutdownTimeoutMs: shutdownTimeout,
  };
}

type DurationFlag =
  | "leaseDuration"
  | "renewDeadline"
  | "retryPeriod"
  | "resyncInterval"
  | "utilizationInterval"
  | "shutdownTimeout";

/** Otherwise two leaders could overlap, or a leader could exit between two renewals. */
function checked(options: Options): Options {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = options;
  if (leaseDurationMs <= renewDeadlineMs) {
    throw new InvalidArgumentError("--lease-duration must be longer than --renew-deadline");
  }
  if (renewDeadlineMs <= retryPeriodMs) {
    throw new InvalidArgumentError("--renew-deadline must be longer than --retry-period");
  }
  return options;
}
