/** The images that `make images` builds. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import processor from "../../../workload/package.json" with { type: "json" };

const folder = process.env.GPUMEDIA_IMAGES ?? fileURLToPath(new URL("../../../dist/images", import.meta.url));
const registry = "ghcr.io/gpumedia";

/** The names that pods use. */
export const operatorRepository = `${registry}/operator`;
export const processorImage = `${registry}/processor:${processor.version}`;
export const archives = {
  operator: join(folder, "operator.tar"),
  processor: join(folder, "processor-cpu.tar"),
};

/** Returns what has to be done first: nothing if the images exist. */
export function missingImages(): readonly string[] {
  const missing = Object.values(archives).filter((file) => !existsSync(file));
  return missing.length === 0 ? [] : [`make images (missing: ${missing.join(", ")})`];
}
