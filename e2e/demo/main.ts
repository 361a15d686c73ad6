/**
 * `make demo`: shows what the operator does, step by step, on its own control plane.
 *
 * With KEEP=1 the cluster and the operator run in the background, and keep running.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { controlPlaneTools } from "../cluster/control-plane.ts";
import { instructions } from "../cluster/interactive.ts";
import { Play, sendCamera, sendOneMore } from "./play.ts";
import { composition, setStage, whyPodsCannotRun } from "./stage.ts";
import { createSteps } from "./steps.ts";

async function demo(keep: boolean): Promise<void> {
  const steps = createSteps(process.stdout);
  const why = await whyPodsCannotRun();
  const runPods = why === undefined;
  // The first time this takes minutes, and shows its progress.
  await controlPlaneTools({ privateNetwork: runPods });
  if (!runPods) steps.text(`Pods cannot run on this machine, so the demo has no load (docs/testing.md): ${why}`);
  const { nodes, gpus } = composition;
  const withNodes = runPods ? `a node with ${gpus} mock GPUs` : `${nodes} nodes with ${gpus} GPUs each`;
  const stage = await steps.step(`Starting a control plane, ${withNodes} and the operator`, () =>
    setStage({ keep, runPods }),
  );
  const { report } = stage;
  const play = new Play(report, steps);
  try {
    await (runPods ? play.loop() : play.children());
  } catch (error) {
    const log = await readFile(join(report.directory, "operator.log"), "utf8").catch(() => "");
    process.stderr.write(
      `${await play.describeAll().catch(String)}\nThe end of the operator's log:\n${log.slice(-4_000)}\n`,
    );
    await stage.stop();
    throw error;
  }
  if (stage.pid !== undefined) {
    if (runPods) steps.text(`${sendOneMore}\n${sendCamera}`);
    process.stdout.write(instructions(report, `kill ${stage.pid}`));
    return;
  }
  await steps.step("Stopping everything (KEEP=1 keeps it running)", stage.stop);
}

new Command("make demo")
  .description(
    "Show what the operator does, on its own control plane.\nKEEP=1 keeps the cluster and the operator running.",
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
try {
  await demo(process.env.KEEP === "1");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
