/** Writes the Dockerfiles; with `--check` it only reports which are stale, and exits with 1. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dockerfile, dockerfileName } from "./dockerfile.ts";
import { images } from "./images.ts";
import { manifestOf, root } from "./tree.ts";

for (const image of images) {
  const path = dockerfileName(image);
  const { version } = await manifestOf(image.workspace);
  const expected = dockerfile(image, version);
  if (expected === (await readFile(join(root, path), "utf8").catch(() => undefined))) continue;
  if (process.argv.includes("--check")) {
    process.stderr.write(`${path} is stale: run "make generate"\n`);
    process.exitCode = 1;
  } else {
    await writeFile(join(root, path), expected);
    process.stdout.write(`${path} written\n`);
  }
}
