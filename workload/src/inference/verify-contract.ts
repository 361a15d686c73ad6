/**
 * Compares a model's answer to a known picture with that picture. A model that gets other numbers than it was trained with
 * answers all the same: with a white picture, or with noise. Nothing in its file declares the numbers' range.
 */
import { ranges, type ModelContract, type PictureTensor } from "../core/model-contract.ts";
import { knownPicture, resemblance, type Resemblance } from "./known-picture.ts";
import { ModelMismatch } from "./model-declaration.ts";
import { PictureInference } from "./picture-inference.ts";
import type { ModelSession } from "./session.ts";

/** The known picture has no byte at the limits; a model that sharpens may add some. */
const mostSaturated = 0.25;
/** Of 1; restorers and enlargers are above 0.9. */
const leastCorrelation = 0.5;
/** Levels of 255; a change of contrast or colours stays below. */
const largestDifference = 64;

/** Returns the contract with the order of the result's channels. @throws {ModelMismatch} that names the setting to try */
export async function verifyContract(session: ModelSession, contract: ModelContract): Promise<ModelContract> {
  const seen = await compare(session, contract);
  const wrong = whatIsWrong(seen);
  if (wrong === undefined) return seen.swapped ? { ...contract, output: exchanged(contract.output) } : contract;
  const better = await fittingRanges(session, contract);
  throw new ModelMismatch(
    better === undefined
      ? `its answer to a known picture is ${wrong}, in every range: set model.layout, model.channels and model.range as the model's author describes, or model.verify: false if the answer is meant to differ`
      : `its answer to a known picture is ${wrong}; set ${settingsFor(better)}, with which it is not`,
  );
}

/** Undefined: the answer resembles the picture. */
function whatIsWrong({ saturated, correlation, difference }: Resemblance): string | undefined {
  if (saturated > mostSaturated) {
    return `saturated (${Math.round(saturated * 100)} % of its values are at the limits, limit ${mostSaturated * 100} %)`;
  }
  if (correlation < leastCorrelation) {
    return `unrelated to it (correlation ${correlation.toFixed(2)}, limit ${leastCorrelation})`;
  }
  if (difference > largestDifference) {
    return `far from it (${Math.round(difference)} levels of 255 on average, limit ${largestDifference})`;
  }
  return undefined;
}

async function compare(session: ModelSession, contract: ModelContract): Promise<Resemblance> {
  const size = contract.trial;
  const picture = knownPicture(size);
  const answer = await new PictureInference(session, contract, wholePictures).run(picture, 1, size);
  return resemblance({ ...size, rgb: picture }, answer);
}

/** The trial's size goes through the model as it is. */
const wholePictures = {
  fixed: { width: undefined, height: undefined },
  sizeMultiple: 1,
  smallestSide: 1,
  tile: undefined,
  overlap: 0,
  stripPixels: undefined,
  bucketed: false,
} as const;

/** Returns the contract with the ranges whose answer is closest to the picture; undefined: none resembles it. */
async function fittingRanges(session: ModelSession, contract: ModelContract): Promise<ModelContract | undefined> {
  const withRange = (tensor: PictureTensor): readonly PictureTensor[] =>
    tensor.type === "uint8" ? [tensor] : ranges.map((range) => ({ ...tensor, range }));
  const all = withRange(contract.input).flatMap((input) =>
    withRange(contract.output).map((output) => ({ ...contract, input, output })),
  );
  let best: { readonly contract: ModelContract; readonly difference: number } | undefined;
  for (const candidate of all) {
    const seen = await compare(session, candidate);
    // Of two that fit equally well, the one with the same range on both sides: it is the simpler setting.
    const isMixed = candidate.input.range !== candidate.output.range && candidate.input.type === candidate.output.type;
    const difference = seen.difference + (isMixed ? 1 : 0);
    if (whatIsWrong(seen) === undefined && (best === undefined || difference < best.difference)) {
      best = { contract: candidate, difference };
    }
  }
  return best?.contract;
}

function settingsFor({ input, output }: ModelContract): string {
  if (input.type === "uint8") return `model.outputRange: ${output.range}`;
  if (output.type === "uint8" || input.range === output.range) return `model.range: ${input.range}`;
  return `model.range: ${input.range} and model.outputRange: ${output.range}`;
}

function exchanged(output: PictureTensor): PictureTensor {
  return { ...output, channels: output.channels === "BGR" ? "RGB" : "BGR" };
}
