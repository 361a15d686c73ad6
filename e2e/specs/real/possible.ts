/** Whether specs with real pods were asked for and can run here; what they need is built while mocha loads the specs. */
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { realNodeTools } from "../../cluster/real-node/real-node.ts";
import { missingForRealNode } from "../../cluster/real-node/requirements.ts";
import { missingImages } from "./images.ts";

export const isAsked = process.env.GPUMEDIA_REAL_NODE === "1";
const missing = isAsked ? [...(await missingForRealNode()), ...(await missingImages())] : ["make test-real runs them"];

// A cold build takes minutes: here, no hook's timeout is running.
if (missing.length === 0) {
  await controlPlaneTools({ realNode: true });
  await realNodeTools();
}

/** For a `before` hook: skips, which counts as skipped, and says why. */
export function skipUnlessPossible(context: Mocha.Context): void {
  if (missing.length === 0) return;
  process.stdout.write(`    no real pods: ${missing.join("; ")}\n`);
  context.skip();
}

/** For what is to be built before specs run, where they can. */
export const isPossible = missing.length === 0;
