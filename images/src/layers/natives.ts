/** Packages with native code, as installed, without the files that only other platforms and builds need. */
import { copyFile, glob, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageIn } from "../bundle.ts";
import type { Component } from "../component.ts";
import { nativePackages, packagePapers } from "../images.ts";
import { root } from "../tree.ts";
import { availableOf, stageDebian } from "./debian.ts";

/** For live video: of Debian 12 and 13. Others are not known to the processor (`workload/src/live/{libvpx,openh264}-abi.ts`). */
const codecs = [
  ["libvpx7", "libvpx9"],
  ["libopenh264-7", "libopenh264-8"],
] as const;

export async function stageNatives(folder: string): Promise<readonly Component[]> {
  const packages = Object.entries(nativePackages(process.platform, process.arch));
  for (const [name, patterns] of packages) {
    const from = join(root, "node_modules", name);
    const to = join(folder, "app/node_modules", name);
    for await (const entry of glob([...patterns, ...packagePapers], { cwd: from, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name).slice(from.length);
      await mkdir(dirname(join(to, file)), { recursive: true });
      await copyFile(join(from, file), join(to, file));
    }
  }
  const components = await Promise.all(packages.map(([name]) => packageIn(join(root, "node_modules", name))));
  const libraries = await Promise.all(codecs.map(availableOf));
  return [...components, ...(await stageDebian(folder, libraries))];
}
