/** Which sizes go into a model, from what was learned of it and its settings. Pure. */
import { stripPixels } from "./grouping.ts";
import type { ModelContract, ModelOptions } from "./model-contract.ts";
import type { Accelerator } from "./tensor.ts";
import type { TileRules } from "./tiles.ts";

/** `receptiveRadius`: how many pixels around it a pixel of the result depends on; null: unknown, and no picture is cut for speed. */
export function tileRules(
  contract: ModelContract,
  { tile, overlap }: Pick<ModelOptions, "tile" | "overlap">,
  receptiveRadius: number | null,
  accelerator: Accelerator,
): TileRules {
  const { fixed, sizeMultiple, smallestSide } = contract;
  return {
    fixed,
    sizeMultiple,
    smallestSide,
    tile,
    overlap: receptiveRadius ?? overlap,
    stripPixels: receptiveRadius === null ? undefined : stripPixels[accelerator],
    bucketed: accelerator === "cuda",
  };
}
