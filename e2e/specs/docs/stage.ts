/** A reader's shell, with or without a cluster. */
import assert from "node:assert/strict";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { freePort } from "../../../workload/src/testing/free-port.ts";
import { tool } from "../../cluster/tools.ts";
import { Shell } from "./shell.ts";
import type { Stage } from "./run-page.ts";

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
const { kubectl } = await controlPlaneTools();
const helm = await tool("helm");

export async function openStage(env: NodeJS.ProcessEnv = {}): Promise<Stage & AsyncDisposable> {
  const port = await freePort();
  const settings = { GPUMEDIA_LISTEN_PORT: String(port), GPUMEDIA_WORKERS: "2" };
  const shell = await Shell.open({ kubectl, helm }, { ...settings, ...env });
  return { shell, port, [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() };
}

/** Runs the commands of a scene; fails if one fails. */
export async function succeeds(shell: Shell, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const { code, stdout, stderr } = await shell.run(command);
    assert.equal(code, 0, `${command}: ${stderr}${stdout}`);
  }
}
