/** The flags of gpumedia-loadtest, for commander. */
import { Command, Option } from "commander";
import {
  collect,
  count,
  countOrNone,
  concurrency,
  duration,
  factor,
  framesPerSecond,
  headerOf,
  rate,
  scenarioOf,
  sessions,
  share,
  thresholdOf,
  timeout,
  urlOf,
} from "./flag-values.ts";
import type { LoadFlags } from "../load/scenarios.ts";
import type { Threshold } from "../figures/thresholds.ts";

export interface CompareFlags {
  readonly against: string;
  readonly tolerance: number;
}

/** The flags of a run as commander parses them. */
export interface RunFlags extends Omit<LoadFlags, "durationMs" | "ratePerSecond" | "timeoutMs"> {
  readonly url?: URL;
  readonly duration?: number;
  readonly rate?: number;
  readonly warmup: number;
  readonly timeout: number;
  readonly image?: readonly string[];
  readonly header?: readonly (readonly [string, string])[];
  readonly token?: string;
  readonly expectScale?: number;
  readonly threshold?: readonly Threshold[];
  readonly against?: string;
  readonly tolerance: number;
  readonly json?: string;
  readonly html?: string;
  readonly terminationMessage?: string;
  readonly quiet?: true;
}

export interface Commands {
  readonly run: (flags: RunFlags) => void;
  readonly compare: (file: string, flags: CompareFlags) => void;
}

/** The parser; calls the command with its flags. Usage errors are commander's. */
export function commandLine(commands: Commands): Command {
  const program = new Command("gpumedia-loadtest")
    .usage("--url <url> [options]\n       gpumedia-loadtest compare <file> --against <file>")
    .description("Load-test an HTTP endpoint that processes images. Every response is checked.")
    .enablePositionalOptions()
    .helpOption("-h, --help", "Help for gpumedia-loadtest.")
    .helpCommand(false)
    .option("--url <url>", "URL to post to. Default path: /v1/process; /v1/exchange with --scenario live.", urlOf)
    .option(
      "--scenario <name>",
      "Load to generate: baseline (100 requests, concurrency 10), stress (1000, 50), endurance (10000, 20, up to 30 minutes), live (WebRTC video, 4 sessions of 30 frames per second for 30 seconds; a frame is a request) or custom. Default: baseline.",
      scenarioOf,
    )
    .option("--requests <n>", "Total number of requests.", count)
    .option("--concurrency <n>", "Maximum number of requests in flight.", concurrency)
    .option("--duration <time>", "Maximum duration of the run, such as 30s.", duration)
    .option("--rate <n>", "Send n requests per second regardless of response times (open loop).", rate)
    .option("--sessions <n>", "Sessions of live video.", sessions)
    .option("--frames-per-second <n>", "Frames per second of each session of live video.", framesPerSecond)
    .addOption(
      new Option("--warmup <n>", "Requests to send before measuring.").default(50, "50").argParser(countOrNone),
    )
    .addOption(
      new Option("--timeout <time>", "Time to wait for a complete response.").default(30_000, "30s").argParser(timeout),
    )
    .option(
      "--image <file...>",
      "Pictures to send in turn. Default: a built-in picture.",
      collect((text) => text),
    )
    .option("--header <name:value>", "Additional request header. Repeatable.", collect(headerOf))
    .addOption(new Option("--token <token>", "Bearer token of the requests.").env("GPUMEDIA_LIVE_TOKEN"))
    .option("--expect-scale <n>", "Fail responses that are not n times as wide and high as the request.", factor)
    .option(
      "--threshold <metric=limit>",
      "Threshold such as p95=20ms, errors=0.1%, rejected=5% or rps=1000. Repeatable.",
      collect(thresholdOf),
    )
    .option("--against <file>", "Fail if the result is worse than this earlier JSON result.")
    .addOption(tolerance())
    .option("--json <file>", "Write the result as JSON to this file, or to standard output if -.")
    .option("--html <file>", "Write an HTML report to this file.")
    .option("--termination-message <file>", "Write the result, shortened to 4096 bytes, to this file.")
    .option("--quiet", "Suppress the progress line and the table.")
    .addHelpText("after", helpAfter)
    .action(commands.run);
  program
    .command("compare <file>")
    .description("Compare two JSON results without sending requests.")
    .helpOption("-h, --help", "Help for compare.")
    .requiredOption("--against <file>", "The earlier result.")
    .addOption(tolerance())
    .action(commands.compare);
  return program;
}

function tolerance(): Option {
  return new Option("--tolerance <percent>", "How much worse a metric may be.").default(10, "10%").argParser(share);
}

const helpAfter = `
Metrics: mean, p50, p90, p95, p99, p99.9, max, errors, rejected, rps.
Unless errors has a threshold, no request may fail. A 503 with Retry-After
counts as rejected, not as failed. So does a frame of live video that the
processor drops because a newer one has come.

Exit status: 0 passed, 1 failed, 2 invalid usage, 3 target unreachable,
130 or 143 interrupted.

Examples:
  gpumedia-loadtest --url http://localhost:8080 --threshold p95=200ms
  gpumedia-loadtest --url http://upscaler.media --rate 200 --duration 60s \\
    --image cat.jpg dog.png --expect-scale 2 --html report.html
  gpumedia-loadtest compare now.json --against before.json --tolerance 5%`;
