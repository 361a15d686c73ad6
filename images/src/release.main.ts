/**
 * `make release`: everything that is published for a version, with checksums, in dist/release/<version> or the folder of --output.
 * It uses the images that `make images images-cuda` wrote, or those in the folder of --images.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { createGzip } from "node:zlib";
import { installYaml } from "@gpumedia/install/src/manifests.ts";
import { byCodeUnits, filesBelow, settle, sha256, write } from "./files.ts";
import { architecture, images } from "./images.ts";
import { stagePlugin } from "./plugin.ts";
import { writeTar } from "./tar.ts";
import { manifestOf, root } from "./tree.ts";

const { version } = await manifestOf(".");
const { values } = parseArgs({
  options: {
    images: { type: "string", default: join(root, "dist/images") },
    output: { type: "string", default: join(root, "dist/release", version) },
  },
});
const { output } = values;
await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
const work = await mkdtemp(join(tmpdir(), "gpumedia-release-"));
try {
  await manifests();
  await archive(`gpumedia-operator-${version}.tgz`, "gpumedia-operator", async (folder) => {
    await cp(join(root, "charts/gpumedia-operator"), folder, { recursive: true });
  });
  await archive(`kubectl-gpumedia-${version}.tar.gz`, "kubectl-gpumedia", stagePlugin);
  await imageArchives();
  const sums = (await filesBelow(output)).map(async (file) => `${await sha256(join(output, file))}  ${file}\n`);
  const checksums = (await Promise.all(sums)).join("");
  await write(join(output, "SHA256SUMS"), checksums);
  process.stdout.write(checksums);
} finally {
  await rm(work, { recursive: true });
}

async function manifests(): Promise<void> {
  await write(join(output, "install.yaml"), installYaml(version));
  const names = (await readdir(join(root, "crds"))).toSorted(byCodeUnits);
  const crds = await Promise.all(names.map((name) => readFile(join(root, "crds", name), "utf8")));
  await write(join(output, "crds.yaml"), crds.join("---\n"));
}

/** Writes a compressed archive of one folder, which `fill` fills. */
async function archive(file: string, name: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const parent = join(work, basename(file));
  await mkdir(join(parent, name), { recursive: true });
  await fill(join(parent, name));
  await settle(parent);
  await writeTar(join(output, file), parent, true);
}

async function imageArchives(): Promise<void> {
  for (const { name, workspace } of images) {
    const from = join(values.images, `${name}.tar`);
    const published = join(output, `${name}-${(await manifestOf(workspace)).version}-linux-${architecture}`);
    await pipeline(createReadStream(from), createGzip(), createWriteStream(`${published}.oci.tar.gz`));
    await copyFile(join(values.images, `${name}.cdx.json`), `${published}.cdx.json`);
  }
}
