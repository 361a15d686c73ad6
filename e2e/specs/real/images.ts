/** Our images as `make images` leaves them. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import processor from "../../../workload/package.json" with { type: "json" };

const folder = process.env.GPUMEDIA_IMAGES ?? fileURLToPath(new URL("../../../dist/images", import.meta.url));
const registry = "ghcr.io/gpumedia";

/** As pods name them. */
export const operatorRepository = `${registry}/operator`;
export const processorImage = `${registry}/processor:${processor.version}`;
export const archives = {
  operator: join(folder, "operator.tar"),
  processor: join(folder, "processor-cpu.tar"),
};

/** What has to be done first, in a sentence; none: they are there. */
export async function missingImages(): Promise<readonly string[]> {
  const files = Object.values(archives);
  const there = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return there.every(Boolean) ? [] : [`make images (${files.join(", ")} are not there)`];
}
