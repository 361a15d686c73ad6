/** gpumedia-processor: command line, signals, exit status. */
import { constants } from "node:os";
import { appendFileSync } from "node:fs";
import { parseCommand } from "./cli.ts";
import { runDmon } from "./gpu/dmon/main.ts";
import { createLogger } from "./log.ts";
import { CannotStart, loadSettings, serve, type Processor } from "./serve.ts";

const name = "gpumedia-processor";
const wrongConfiguration = 2;

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
  if (loaded.kind === "wrong") return end(wrongConfiguration, loaded.lines);
  const { settings, text } = loaded;
  const log = createLogger(settings.logLevel);
  const file = command.config === undefined ? undefined : { path: command.config, text };

  let processor: Processor | undefined;
  let asked: string | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (asked !== undefined) process.exit(128 + constants.signals[signal]);
      asked = signal;
      log.info({ signal }, "ending in order");
      if (processor !== undefined) void endInOrder(processor);
    });
  }
  try {
    processor = await serve({ settings, log, env: process.env, file });
    // A worker that is still loading onnxruntime can't be ended without aborting the process, so the signal waits.
    if (asked !== undefined) return endInOrder(processor);
    log.info({ url: processor.url, accelerator: settings.accelerator, model: settings.model }, "ready");
    if (process.stderr.isTTY) process.stderr.write(`${name} listens on ${processor.url} (${settings.accelerator})\n`);
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    end(error.exitCode, [error.message]);
  }
}

async function endInOrder(processor: Processor): Promise<void> {
  const inTime = await processor.stop();
  if (!inTime) process.stderr.write(`${name}: requests were still under way after drain.timeout\n`);
  process.exit(inTime ? 0 : 1);
}

/** The last words also go where Kubernetes looks for them, so that they show in the pod's status. */
function end(code: number, lines: readonly string[]): void {
  const text = lines.map((line) => `${name}: ${line}\n`).join("");
  process.stderr.write(text);
  try {
    appendFileSync(process.env["GPUMEDIA_TERMINATION_LOG"] ?? "/dev/termination-log", text, { flag: "r+" });
  } catch {
    // Outside Kubernetes there is no such file.
  }
  process.exit(code);
}
