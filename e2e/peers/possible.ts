/** Whether a neighbour can run on this machine. */
import { controlPlaneTools } from "../cluster/control-plane.ts";
import { whyNoPrivateNetwork } from "../cluster/process-node/network-namespace.ts";

const why = await whyNoPrivateNetwork();

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
if (why === undefined) await controlPlaneTools({ privateNetwork: true });

/** Call it inside `describe`: skips the suite with the reason where the machine lacks something. `others` names what else does. */
export function skipUnlessPossible(...others: readonly (string | undefined)[]): void {
  before(function () {
    const missing = [why, ...others].filter((reason) => reason !== undefined);
    if (missing.length === 0) return;
    process.stdout.write(`    skipped: ${missing.join("; ")}\n`);
    this.skip();
  });
}

export const isPossible = why === undefined;
