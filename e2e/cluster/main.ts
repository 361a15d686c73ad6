/** `make cluster`: a control plane to try things on, until Ctrl-C or in the background. */
import { fileURLToPath } from "node:url";
import { controlPlaneTools } from "./control-plane.ts";
import { isInBackground, reportWhenReady, startInBackground } from "./detach.ts";
import { instructions, startInteractive, type ClusterReport } from "./interactive.ts";
import { mainProgram, type MainOptions } from "./main-options.ts";

async function inForeground(options: MainOptions): Promise<void> {
  const { cluster, report } = await startInteractive(options);
  process.stdout.write(instructions(report, "Ctrl-C"));
  await untilSignal();
  await cluster.stop();
}

async function inBackground(options: MainOptions): Promise<void> {
  let stop = async (): Promise<void> => {};
  await reportWhenReady(async () => {
    const { cluster, report } = await startInteractive(options);
    stop = () => cluster.stop();
    return report;
  });
  await untilSignal();
  await stop();
}

/** Keeps the process running until Ctrl-C, `kill` or the end of its terminal. */
async function untilSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, resolve);
  // A signal listener does not keep the process running.
  const held = setInterval(() => {}, 2 ** 30);
  const signal = await promise;
  clearInterval(held);
  return signal;
}

async function detach(): Promise<void> {
  const parameters = process.argv.slice(2).filter((parameter) => parameter !== "--detach");
  const { pid, report } = await startInBackground<ClusterReport>(fileURLToPath(import.meta.url), parameters);
  process.stdout.write(instructions(report, `kill ${pid}`));
}

const options: MainOptions = mainProgram(process.env).parse().opts();
try {
  // In the foreground, so that the user sees the progress.
  await controlPlaneTools({ privateNetwork: options.runPods });
  if (isInBackground()) await inBackground(options);
  else if (options.detach) await detach();
  else await inForeground(options);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
