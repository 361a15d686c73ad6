/** gpumedia-processor: command line, signals, exit status. */
import { constants } from "node:os";
import { parseCommand } from "./cli.ts";
import { runDmon } from "./gpu/dmon/main.ts";
import { createLogger } from "./process/log.ts";
import { limitKeptMemory } from "./process/malloc.ts";
import { exitWith } from "./process/termination.ts";
import { CannotStart, loadSettings, serve, type Processor } from "./serve.ts";

const name = "gpumedia-processor";
const invalidConfiguration = 2;

await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === "dmon") {
    process.exitCode = await runDmon(argv.slice(1));
    return;
  }
  const command = parseCommand(argv);
  if (command.kind === "exit") {
    process.stdout.write(command.stdout);
    process.stderr.write(command.stderr);
    process.exitCode = command.code;
    return;
  }
  const loaded = loadSettings(command.config, process.env);
  if (loaded.kind === "wrong") return exitWith(invalidConfiguration, loaded.lines);
  const { settings, text } = loaded;
  limitKeptMemory(process.env);
  const log = createLogger(settings.logLevel);
  const file = command.config === undefined ? undefined : { path: command.config, text };

  // Logged at every level but silent: without a line at the start, a redirected processor looks as if it hung.
  const lifecycle = createLogger(settings.logLevel === "silent" ? "silent" : "info");
  let processor: Processor | undefined;
  let stopSignal: string | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopSignal !== undefined) process.exit(128 + constants.signals[signal]);
      stopSignal = signal;
      lifecycle.info({ signal }, "shutting down gracefully");
      if (processor !== undefined) void shutDown(processor);
    });
  }
  try {
    processor = await serve({ settings, log, env: process.env, file });
    // A worker that is loading onnxruntime cannot be stopped without aborting the process, so the signal waits.
    if (stopSignal !== undefined) return shutDown(processor);
    const { url } = processor;
    const { accelerator, model, development } = settings;
    const page = development ? `try it at ${url}/` : "GPUMEDIA_ENVIRONMENT=development adds a page to try it";
    if (process.stderr.isTTY) process.stderr.write(`${name} is listening on ${url} (${accelerator}); ${page}\n`);
    else lifecycle.info({ url, accelerator, model }, "ready");
    await processor.failed;
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    exitWith(error.exitCode, [error.message]);
  }
}

async function shutDown(processor: Processor): Promise<void> {
  const inTime = await processor.stop();
  if (!inTime) process.stderr.write(`${name}: requests were still in flight after drain.timeout\n`);
  process.exit(inTime ? 0 : 1);
}
