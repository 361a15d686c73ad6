/** The models that come with the processor. */
import { fileURLToPath } from "node:url";

export const builtInModels = ["anime4k-2x-s", "anime4k-2x-m", "anime4k-2x-l"] as const;
export type BuiltInModel = (typeof builtInModels)[number];

const aliases: Readonly<Record<string, BuiltInModel>> = { "anime4k-2x": "anime4k-2x-s" };

/** The built-in model of that name, or of which it is the short form; undefined if there is none. */
export function findBuiltInModel(name: string): BuiltInModel | undefined {
  return builtInModels.find((model) => model === name) ?? aliases[name];
}

export function builtInModelFile(model: BuiltInModel): string {
  return fileURLToPath(new URL(`../../models/${model}.onnx`, import.meta.url));
}
