/** Finds out how much larger a model makes a picture, before the first picture arrives. */
import type { PictureModel } from "./picture-model.ts";
import { discardOutputs, type ModelSession } from "./session.ts";
import { trialFeeds } from "./trial.ts";

/** Pixels per side if the model leaves it open. */
const side = 64;

/** Returns the pixels of the result for each pixel of the picture, along a side. */
export async function measuredScale(session: ModelSession, model: PictureModel): Promise<number> {
  const outputs = await session.run(trialFeeds(model, side));
  const { width = side } = model.input;
  const dims = outputs[model.output.name]?.dims ?? [];
  discardOutputs(outputs);
  const resultWidth = model.output.order === "NHWC" ? dims[2] : dims[3];
  return (resultWidth ?? width) / width;
}
