/** gpumedia-loadtest: command line, signals, outputs, exit status. */
import { constants } from "node:os";
import { basename } from "node:path";
import { compareFigures, comparedFigures, regressionReasons } from "@gpumedia/api/src/load-test-client.ts";
import { type CompareOptions, type RunOptions, parseOptions } from "./cli/options.ts";
import { painter, whyNotWritable, writeOutputs } from "./outputs.ts";
import { showProgress } from "./progress.ts";
import { regressionLines, verdictLines } from "./report/table.ts";
import { readEarlierResult, whyNotComparable } from "./result/earlier-result.ts";
import type { LoadDescription } from "./result/result.ts";
import type { Earlier } from "./result/summarise.ts";
import { describeLoad, run } from "./run.ts";
import { loadPictures } from "./target/pictures.ts";

const exitStatus = { Passed: 0, Failed: 1, WrongUsage: 2, Unreachable: 3 } as const;

// A reader that exits early, such as `head`, does not fail the run.
process.stdout.on("error", () => undefined);

const options = parseOptions(process.argv.slice(2));
switch (options.kind) {
  case "help":
    process.stdout.write(options.text);
    break;
  case "wrong":
    process.exitCode = wrongUsage(`${options.text}; see 'gpumedia-loadtest --help' for usage`);
    break;
  case "compare":
    process.exitCode = await compareResults(options);
    break;
  case "run":
    process.exitCode = await loadTest(options);
}

async function loadTest(options: RunOptions): Promise<number> {
  const pictures = await loadPictures(options.images);
  if ("kind" in pictures) return wrongUsage(pictures.message);
  const against = await earlier(options, describeLoad(options, pictures));
  if (typeof against === "string") return wrongUsage(against);
  const notWritable = await whyNotWritable(options);
  if (notWritable !== null) return wrongUsage(notWritable);

  const interrupt = new AbortController();
  let signal: "SIGINT" | "SIGTERM" | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      signal ??= name;
      interrupt.abort();
    });
  }
  let endProgress: (() => void) | undefined;
  const result = await run({
    options,
    pictures,
    against,
    interrupt: interrupt.signal,
    started: (tally, elapsedMs) => {
      if (!options.quiet) endProgress = showProgress(process.stderr, options.load, tally, elapsedMs);
    },
  });
  endProgress?.();
  await writeOutputs(options, result);
  // As a shell reports a program that was terminated by a signal.
  if (result.verdict === "Interrupted") return 128 + constants.signals[signal ?? "SIGINT"];
  return exitStatus[result.verdict];
}

async function compareResults({ file, against }: CompareOptions): Promise<number> {
  const [now, before] = [await readEarlierResult(file), await readEarlierResult(against.file)];
  if ("kind" in now) return wrongUsage(now.message);
  if ("kind" in before) return wrongUsage(before.message);
  const reason = whyNotComparable(before.load, now.load);
  if (reason !== null) return wrongUsage(`cannot compare with ${against.file}: ${reason}`);
  const { tolerancePercent } = against;
  const rows = compareFigures(comparedFigures(before.figures), comparedFigures(now.figures), tolerancePercent);
  const reasons = regressionReasons({ against: against.file, tolerancePercent, rows });
  const verdict = reasons.length > 0 ? "Failed" : "Passed";
  const paint = painter(process.stdout);
  const lines = [...regressionLines(rows, paint), "", ...verdictLines({ verdict, reasons }, paint)];
  process.stdout.write(`${lines.join("\n")}\n`);
  return exitStatus[verdict];
}

/** The earlier result to compare with, checked before the first request is sent; a string states what is wrong with it. */
async function earlier({ against }: RunOptions, load: LoadDescription): Promise<Earlier | null | string> {
  if (against === null) return null;
  const result = await readEarlierResult(against.file);
  if ("kind" in result) return result.message;
  const reason = whyNotComparable(result.load, load);
  if (reason !== null) return `cannot compare with ${against.file}: ${reason}`;
  return { name: basename(against.file), tolerancePercent: against.tolerancePercent, figures: result.figures };
}

function wrongUsage(message: string): number {
  process.stderr.write(`gpumedia-loadtest: ${message}\n`);
  return exitStatus.WrongUsage;
}
