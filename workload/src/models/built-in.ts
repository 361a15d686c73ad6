/** The models that come with the processor. */
import { fileURLToPath } from "node:url";

export const builtInModels = ["anime4k-2x-s", "anime4k-2x-m", "anime4k-2x-l"] as const;
export type BuiltInModel = (typeof builtInModels)[number];

const aliases: Readonly<Record<string, BuiltInModel>> = { "anime4k-2x": "anime4k-2x-s" };

/** Returns the built-in model with this name or short name; undefined if there is none. */
export function findBuiltInModel(name: string): BuiltInModel | undefined {
  return builtInModels.find((model) => model === name) ?? aliases[name];
}

/**
 * How many pixels around it a pixel of the result depends on: the summed radius of the consecutive 3x3 convolutions. A
 * strip with this many more rows on each side gives the same result as the whole picture.
 */
export const receptiveRadius: Readonly<Record<BuiltInModel, number>> = {
  "anime4k-2x-s": 4,
  "anime4k-2x-m": 7,
  "anime4k-2x-l": 7,
};

export function builtInModelFile(model: BuiltInModel): string {
  return fileURLToPath(new URL(`../../models/${model}.onnx`, import.meta.url));
}
