/**
 * `make demo`: what the operator does, shown on a control plane of its own, step by step.
 *
 * With KEEP=1 the cluster and the operator are in the background from the start, and stay there.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { controlPlaneTools } from "../cluster/control-plane.ts";
import { instructions } from "../cluster/interactive.ts";
import { Play, sendOneMore } from "./play.ts";
import { composition, setStage, whyPodsCannotRun } from "./stage.ts";
import { createSteps } from "./steps.ts";

async function demo(keep: boolean): Promise<void> {
  const steps = createSteps(process.stdout);
  const why = await whyPodsCannotRun();
  const runPods = why === undefined;
  // The first time this takes minutes, and shows its progress.
  await controlPlaneTools({ privateNetwork: runPods });
  if (!runPods) steps.text(`Pods can't run on this machine, so there is no load to show (docs/testing.md): ${why}`);
  const { nodes, gpus } = composition;
  const placed = runPods ? `a node with ${gpus} mock GPUs, whose pods run` : `${nodes} nodes with ${gpus} GPUs each`;
  const stage = await steps.step(`control plane, ${placed}, CRDs, operator`, () => setStage({ keep, runPods }));
  const { report } = stage;
  const play = new Play(report, steps);
  try {
    await (runPods ? play.loop() : play.children());
  } catch (error) {
    const log = await readFile(join(report.directory, "operator.log"), "utf8").catch(() => "");
    process.stderr.write(
      `${await play.whatIsThere().catch(String)}\nthe end of the operator's log:\n${log.slice(-4_000)}\n`,
    );
    await stage.end();
    throw error;
  }
  if (stage.pid !== undefined) {
    if (runPods) steps.text(sendOneMore);
    process.stdout.write(instructions(report, `kill ${stage.pid}`));
    return;
  }
  await steps.step("all ended, nothing left behind (KEEP=1 leaves it up)", stage.end);
}

new Command("make demo")
  .description("Shows what the operator does, on a control plane of its own.\nKEEP=1 leaves cluster and operator up.")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
try {
  await demo(process.env.KEEP === "1");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
