/** A reader's shell, on a cluster or beside none. */
import assert from "node:assert/strict";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { freePort } from "../../cluster/free-port.ts";
import { tool } from "../../cluster/tools.ts";
import { Shell } from "./shell.ts";
import type { Stage } from "./tell-page.ts";

// A cold build takes minutes: here, while mocha loads the specs, no hook's timeout is running.
const { kubectl } = await controlPlaneTools();
const helm = await tool("helm");

export async function openStage(env: NodeJS.ProcessEnv = {}): Promise<Stage & AsyncDisposable> {
  const port = await freePort();
  const settings = { GPUMEDIA_LISTEN_PORT: String(port), GPUMEDIA_WORKERS: "2" };
  const shell = await Shell.open({ kubectl, helm }, { ...settings, ...env });
  return { shell, port, [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose]() };
}

/** For scenes. */
export async function succeeds(shell: Shell, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const { code, stdout, stderr } = await shell.run(command);
    assert.equal(code, 0, `${command}: ${stderr}${stdout}`);
  }
}
