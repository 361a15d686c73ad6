/** Runs on blank pictures, to warm up and to measure. */
import type { PictureModel } from "./picture-model.ts";
import { discardOutputs, type ModelSession, type Tensor } from "./session.ts";
import { tensor } from "./tensors.ts";

/** Pixels per side if the model leaves it open. */
const warmUpSide = 64;

/** The first run of a session allocates memory, and on a GPU searches algorithms: no request should wait for that. */
export async function warmUp(session: ModelSession, model: PictureModel): Promise<void> {
  const feeds = trialFeeds(model, warmUpSide);
  for (let run = 0; run < 2; run++) await trialMs(session, feeds);
}

/** Returns how long a run took. */
export async function trialMs(session: ModelSession, feeds: Readonly<Record<string, Tensor>>): Promise<number> {
  const startedAt = performance.now();
  const outputs = await session.run(feeds);
  const ms = performance.now() - startedAt;
  discardOutputs(outputs);
  return ms;
}

/** Returns a blank picture of `side` x `side`, or of the size that the model requires. */
export function trialFeeds({ input }: PictureModel, side: number): Readonly<Record<string, Tensor>> {
  const { name, width = side, height = side, order, type } = input;
  const dims = order === "NHWC" ? [1, height, width, 3] : [1, 3, height, width];
  const size = width * height * 3;
  return { [name]: tensor(type, type === "uint8" ? new Uint8Array(size) : new Float32Array(size), dims) };
}
