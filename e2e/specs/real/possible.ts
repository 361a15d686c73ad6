/** Whether specs with real pods are requested and can run here. Builds what they need while mocha loads the specs. */
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { realNodeTools } from "../../cluster/real-node/real-node.ts";
import { missingForRealNode } from "../../cluster/real-node/requirements.ts";
import { missingImages } from "./images.ts";

export const isAsked = process.env.GPUMEDIA_REAL_NODE === "1";
const missing = isAsked ? [...(await missingForRealNode()), ...missingImages()] : ["make test-real runs them"];

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
if (missing.length === 0) {
  await controlPlaneTools({ realNode: true });
  await realNodeTools();
}

/** For a `before` hook: skips the suite and prints the reason. */
export function skipUnlessPossible(context: Mocha.Context): void {
  if (missing.length === 0) return;
  process.stdout.write(`    no real pods: ${missing.join("; ")}\n`);
  context.skip();
}

export const isPossible = missing.length === 0;
