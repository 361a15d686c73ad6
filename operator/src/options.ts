/** The operator's flags. Pure: what the flags mean depends on the arguments of `parseOptions` alone. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { ListenAddress } from "./runtime/health.ts";
import type { LogLevel } from "./runtime/log.ts";
import * as value from "./options-values.ts";

export interface Options {
  /** Absent: KUBECONFIG, else the pod's service account, else ~/.kube/config. */
  readonly kubeconfig?: string;
  /** A context of the kubeconfig; absent: its current one. */
  readonly context?: string;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Where the Lease is, and the objects that belong to no service. */
  readonly operatorNamespace: string;
  readonly processorImage: string;
  /** Where the alerts' runbooks are; an alert's name is its anchor. */
  readonly runbookUrl: string;
  /** Services in flight at once. */
  readonly concurrency: number;
  /** Services that may replace their pods at once because of something that is not their own: an edited profile. */
  readonly maxRollouts: number;
  /** Requests to the API server under way at once; watches are not counted. */
  readonly maxRequestsInFlight: number;
  readonly resyncIntervalMs: number;
  /** A watch that brings nothing for so long, not even a bookmark, is begun anew. */
  readonly watchSilenceMs: number;
  /** How often each pod is asked for its utilization. */
  readonly utilizationIntervalMs: number;
  /** Where custom.metrics.k8s.io is served. */
  readonly metricsApiAddress: ListenAddress | "off";
  /** The Service in the operator's namespace through which the API server reaches it. */
  readonly metricsApiService: string;
  /** This process's address in the cluster; absent: the Service leads here by itself. */
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
  /** `--help`, `--version` (0), or a mistake (2). */
  | { readonly kind: "exit"; readonly code: 0 | 2; readonly stdout: string; readonly stderr: string };

/** What the process finds around it, beside arguments and environment. */
export interface Surroundings {
  readonly version: string;
  /** The contents of the service account's `namespace` file, in a pod. */
  readonly podNamespace?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `argv` without the program's name. A flag wins over its environment variable, which wins over the default. */
export function parseOptions(argv: readonly string[], env: Environment, around: Surroundings): ParsedOptions {
  let stdout = "";
  const program = flags(around.version, env.POD_NAMESPACE || around.podNamespace?.trim() || "gpumedia-system")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => (stdout += text),
      // The error is thrown as well, and one line of it is enough.
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
    const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
    return { kind: "exit", code: 2, stdout: "", stderr: `${program.name()}: ${message} (--help lists the flags)\n` };
  }
}

function flags(version: string, operatorNamespace: string): Command {
  return new Command("gpumedia-operator")
    .description(
      "Turns each GpuMediaService of a Kubernetes cluster into a tuned, autoscaled, monitored GPU media service.",
    )
    .optionsGroup("Cluster:")
    .addOption(
      new Option(
        "--kubeconfig <file>",
        "how to reach the API server (default: $KUBECONFIG, else the pod's service account, else ~/.kube/config)",
      ).argParser(value.path),
    )
    .addOption(new Option("--context <name>", "context of the kubeconfig (default: its current one)"))
    .addOption(
      new Option("--namespaces <list>", "look only at these, separated by commas")
        .argParser(value.namespaces)
        .default([], "all"),
    )
    .addOption(
      new Option("--operator-namespace <name>", "where the Lease is; the default is the pod's own")
        .argParser(value.namespace)
        .default(operatorNamespace),
    )
    .optionsGroup("Work:")
    .addOption(
      new Option("--processor-image <image>", "image of services that name none")
        .argParser(value.imageName)
        .default(`gpumedia-processor:${version}`),
    )
    .addOption(
      new Option("--runbook-url <url>", "page of the alerts' runbooks; an alert's name is its anchor")
        .argParser(value.httpUrl)
        .default("https://gpumedia.io/docs/alerts"),
    )
    .addOption(count("--concurrency <count>", "services reconciled at once", 8, 1, 256))
    .addOption(count("--max-rollouts <count>", "services that an edited profile rolls out at once", 5, 1, 10_000))
    .addOption(count("--max-requests-in-flight <count>", "requests to the API server at once", 32, 1, 1_000))
    .addOption(time("--resync-interval <duration>", "look at each service at least so often", "30m"))
    .addOption(time("--watch-silence <duration>", "a watch that says nothing so long is begun anew", "2m30s"))
    .addOption(time("--utilization-interval <duration>", "ask each pod for its utilization so often", "15s"))
    .optionsGroup("custom.metrics.k8s.io (see docs/metrics-api.md):")
    .addOption(address("--metrics-api-address <address>", "serve the pods' metrics here; 0: do not", "0"))
    .addOption(
      new Option("--metrics-api-service <name>", "Service that leads to it")
        .argParser(value.objectName)
        .default("gpumedia-operator-metrics"),
    )
    .addOption(
      new Option("--metrics-api-advertise-address <ip>", "address of this process, for that Service").argParser(
        value.ipAddress,
      ),
    )
    .optionsGroup("Leader election:")
    .addOption(new Option("--leader-elect", "act only while holding the Lease").default(true))
    .addOption(new Option("--no-leader-elect", "act at once: only when there is no second replica"))
    .addOption(
      new Option("--lease-name <name>", "name of the Lease").argParser(value.objectName).default("gpumedia-operator"),
    )
    .addOption(time("--lease-duration <duration>", "a standby waits so long for a renewal", "15s"))
    .addOption(time("--renew-deadline <duration>", "a leader stops so long after its last renewal", "10s"))
    .addOption(time("--retry-period <duration>", "between two renewals, or two looks", "2s"))
    .optionsGroup("Process:")
    .addOption(address("--health-address <address>", "serves /livez and /readyz; 0 is off", ":8081"))
    .addOption(address("--metrics-address <address>", "serves /metrics; 0 is off", ":8080"))
    .addOption(
      new Option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent")
        .argParser(value.logLevel)
        .default("info"),
    )
    .addOption(time("--shutdown-timeout <duration>", "to end in order after SIGTERM", "25s"))
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this text")
    .addHelpText(
      "after",
      "\nEach flag can also be set in the environment: --log-level as GPUMEDIA_LOG_LEVEL.\n" +
        "Durations: 500ms, 15s, 1m30s, 2h. Addresses: :8081, 127.0.0.1:8081, [::1]:8081.",
    );
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

/** Not by commander's own `.env()`: that one reads `process.env`. */
function readEnvironment(program: Command, env: Environment): void {
  for (const option of program.options) {
    const variable = `GPUMEDIA_${option.attributeName().replace(/[A-Z]/g, "_$&").toUpperCase()}`;
    const text = env[variable];
    const onCommandLine = program.getOptionValueSource(option.attributeName()) === "cli";
    // Manifests set variables to nothing where they mean to leave them out.
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

/** The flags' values under their own names, with units. */
function optionsOf(program: Command): Options {
  const { leaseDuration, renewDeadline, retryPeriod, ...others } = program.opts<
    Omit<Options, `${string}Ms`> & Readonly<Record<DurationFlag, number>>
  >();
  const { resyncInterval, watchSilence, utilizationInterval, shutdownTimeout, ...rest } = others;
  return {
    ...rest,
    leaseDurationMs: leaseDuration,
    renewDeadlineMs: renewDeadline,
    retryPeriodMs: retryPeriod,
    resyncIntervalMs: resyncInterval,
    watchSilenceMs: watchSilence,
    utilizationIntervalMs: utilizationInterval,
    shutdownTimeoutMs: shutdownTimeout,
  };
}

type DurationFlag =
  | "leaseDuration"
  | "renewDeadline"
  | "retryPeriod"
  | "resyncInterval"
  | "watchSilence"
  | "utilizationInterval"
  | "shutdownTimeout";

/** Otherwise a second leader could begin before the first has stopped, or a leader give up between two renewals. */
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
