/** The flags of gpumedia-loadtest, for commander. */
import { Command, Option } from "commander";
import {
  collect,
  count,
  countOrNone,
  concurrency,
  duration,
  factor,
  headerOf,
  rate,
  scenarioOf,
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

/** The flags of a run as commander hands them over. */
export interface RunFlags extends Omit<LoadFlags, "durationMs" | "ratePerSecond" | "timeoutMs"> {
  readonly url?: URL;
  readonly duration?: number;
  readonly rate?: number;
  readonly warmup: number;
  readonly timeout: number;
  readonly image?: readonly string[];
  readonly header?: readonly (readonly [string, string])[];
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

/** The parser; the command that is found gets its flags, usage errors are commander's. */
export function commandLine(commands: Commands): Command {
  const program = new Command("gpumedia-loadtest")
    .usage("--url <url> [options]\n       gpumedia-loadtest compare <file> --against <file>")
    .description("Posts pictures to an HTTP endpoint, checks every answer, and says whether it is fast enough.")
    .enablePositionalOptions()
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .option("--url <url>", "where to post; without a path /v1/process", urlOf)
    .addOption(
      new Option(
        "--scenario <name>",
        "baseline: 100 requests, 10 at a time (the default); stress: 1000, 50; endurance: 10000, 20, 30 min at most; custom",
      ).argParser(scenarioOf),
    )
    .option("--requests <n>", "requests in all", count)
    .option("--concurrency <n>", "requests in flight at most", concurrency)
    .option("--duration <time>", "send for this long", duration)
    .option("--rate <n>", "send n requests per second, however slow the answers (open loop)", rate)
    .addOption(
      new Option("--warmup <n>", "requests before the clock starts, not counted")
        .default(50, "50")
        .argParser(countOrNone),
    )
    .addOption(new Option("--timeout <time>", "for a whole answer").default(30_000, "30s").argParser(timeout))
    .option(
      "--image <file...>",
      "pictures to send in turn; without, one that is built in",
      collect((text) => text),
    )
    .option("--header <name:value>", "send this header too; repeatable", collect(headerOf))
    .option("--expect-scale <n>", "fail answers that are not n times as wide and high", factor)
    .option(
      "--threshold <metric=limit>",
      "p95=20ms, errors=0.1%, rejected=5%, rps=1000; repeatable",
      collect(thresholdOf),
    )
    .option("--against <file>", "fail when worse than this earlier JSON result")
    .addOption(tolerance())
    .option("--json <file>", "write the result as JSON; - for standard output")
    .option("--html <file>", "write a report for a browser")
    .option("--termination-message <file>", "write the result in at most 4096 bytes")
    .option("--quiet", "no progress and no table")
    .addHelpText("after", helpAfter)
    .action(commands.run);
  program
    .command("compare <file>")
    .description("compare two JSON results; sends nothing")
    .helpOption("-h, --help", "show this help")
    .requiredOption("--against <file>", "the earlier result")
    .addOption(tolerance())
    .action(commands.compare);
  return program;
}

function tolerance(): Option {
  return new Option("--tolerance <share>", "how much worse is still as good").default(10, "10%").argParser(share);
}

const helpAfter = `
Metrics: mean p50 p90 p95 p99 p99.9 max errors rejected rps. Without a threshold
on errors none is allowed. 503 with Retry-After counts as rejected, not failed.

Exit status: 0 passed, 1 failed, 2 wrong usage, 3 target unreachable,
130 or 143 interrupted.

Examples:
  gpumedia-loadtest --url http://localhost:8080 --threshold p95=200ms
  gpumedia-loadtest --url http://upscaler.media --rate 200 --duration 60s \\
    --image cat.jpg dog.png --expect-scale 2 --html report.html
  gpumedia-loadtest compare now.json --against before.json --tolerance 5%`;
