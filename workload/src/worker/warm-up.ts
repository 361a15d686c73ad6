/** The first run of a session allocates, and on a GPU searches algorithms: no request should wait for that. */
import type { PictureModel } from "../inference/picture-model.ts";
import { tensor, type ModelSession } from "../inference/session.ts";

/** Pixels a side where the model leaves it open. */
const side = 64;

export async function warmUp(session: ModelSession, model: PictureModel): Promise<void> {
  const { input } = model;
  const { width = side, height = side, order, type } = input;
  const dims = order === "NHWC" ? [1, height, width, 3] : [1, 3, height, width];
  const size = width * height * 3;
  const elements = type === "uint8" ? new Uint8Array(size) : new Float32Array(size);
  for (let run = 0; run < 2; run++) await session.run({ [input.name]: tensor(elements, dims) });
}
