/** Parses the command line. Pure: it opens no file and sends nothing. */
import { CommanderError } from "commander";
import { type RunFlags, commandLine } from "./command-line.ts";
import type { Load } from "../load/drive.ts";
import { type ScenarioName, chooseLoad } from "../load/scenarios.ts";
import { type Threshold, inForce } from "../figures/thresholds.ts";

export interface RunOptions {
  readonly kind: "run";
  readonly url: URL;
  readonly scenario: ScenarioName;
  readonly load: Load;
  /** Requests sent before measuring. */
  readonly warmup: number;
  readonly images: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly expectScale: number | null;
  readonly thresholds: readonly Threshold[];
  readonly against: Against | null;
  /** File, `-` for standard output, null for none. */
  readonly json: string | null;
  readonly html: string | null;
  readonly terminationMessage: string | null;
  readonly quiet: boolean;
}

export interface CompareOptions {
  readonly kind: "compare";
  readonly file: string;
  readonly against: Against;
}

export interface Against {
  readonly file: string;
  readonly tolerancePercent: number;
}

/** The requested help, or a usage error of one line. */
export type Answered =
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "wrong"; readonly text: string };

/** @param args the command line without program and script */
export function parseOptions(args: readonly string[]): RunOptions | CompareOptions | Answered {
  let parsed: RunOptions | CompareOptions | undefined;
  let output = "";
  const program = commandLine({
    run: (flags) => (parsed = runOptions(flags, (message) => program.error(message))),
    compare: (file, { against, tolerance }) => {
      parsed = { kind: "compare", file, against: { file: against, tolerancePercent: tolerance } };
    },
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => (output += text),
      writeErr: () => undefined,
      getOutHelpWidth: () => 80,
    });
  }
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text: output };
    return { kind: "wrong", text: error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ") };
  }
  if (parsed === undefined) throw new Error("the command line led to no command");
  return parsed;
}

function runOptions(flags: RunFlags, fail: (message: string) => never): RunOptions {
  const { url, scenario, requests, concurrency, duration, rate, threshold: thresholds = [] } = flags;
  const { sessions, framesPerSecond } = flags;
  if (url === undefined) return fail("--url is required");
  const load = chooseLoad({
    timeoutMs: flags.timeout,
    ...(scenario && { scenario }),
    ...(requests && { requests }),
    ...(concurrency && { concurrency }),
    ...(duration && { durationMs: duration }),
    ...(rate && { ratePerSecond: rate }),
    ...(sessions && { sessions }),
    ...(framesPerSecond && { framesPerSecond }),
  });
  if ("wrong" in load) return fail(load.wrong);
  const twice = thresholds.find(({ metric }, at) => thresholds.findIndex((one) => one.metric === metric) < at);
  if (twice !== undefined) return fail(`--threshold ${twice.metric} is set twice`);
  return {
    kind: "run",
    url: withPath(url, load.scenario),
    ...load,
    warmup: flags.warmup,
    images: flags.image ?? [],
    headers: {
      ...(flags.token && { authorization: `Bearer ${flags.token}` }),
      ...Object.fromEntries(flags.header ?? []),
    },
    expectScale: flags.expectScale ?? null,
    thresholds: inForce(thresholds),
    against: flags.against === undefined ? null : { file: flags.against, tolerancePercent: flags.tolerance },
    json: flags.json ?? null,
    html: flags.html ?? null,
    terminationMessage: flags.terminationMessage ?? null,
    quiet: flags.quiet ?? false,
  };
}

/** Without a path, the processor's. */
function withPath(url: URL, scenario: ScenarioName): URL {
  if (url.pathname !== "/") return url;
  return Object.assign(new URL(url), { pathname: scenario === "live" ? "/v1/exchange" : "/v1/process" });
}
