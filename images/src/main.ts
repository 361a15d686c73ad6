/**
 * `make images`: stages the layers, and writes an OCI archive and a bill of materials for each image into dist/images, or into the
 * folder of --output. Arguments select images. With --stage it only stages their layers, for a Dockerfile to copy.
 */
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { billOfMaterials } from "./bill-of-materials.ts";
import type { Component } from "./component.ts";
import { settle, write } from "./files.ts";
import { images, labelsOf, programs, referenceOf, type Layer } from "./images.ts";
import { stageBase } from "./layers/base.ts";
import { stageCuda } from "./layers/cuda.ts";
import { stageNatives } from "./layers/natives.ts";
import { stageProgram } from "./layers/program.ts";
import { writeOciArchive } from "./oci-archive.ts";
import { manifestOf, root } from "./tree.ts";

const { values, positionals } = parseArgs({
  options: { stage: { type: "boolean" }, output: { type: "string", default: join(root, "dist/images") } },
  allowPositionals: true,
});
const { output } = values;
const selected = images.filter(({ name }) =>
  positionals.length === 0 ? name !== "processor-cuda" : positionals.includes(name),
);

const stages: Readonly<Record<Layer, (folder: string) => Promise<readonly Component[]>>> = {
  base: stageBase,
  natives: stageNatives,
  operator: (folder) => stageProgram(folder, programs.operator),
  processor: (folder) => stageProgram(folder, programs.processor),
  cuda: stageCuda,
};

const folderOf = (layer: Layer): string => join(output, "layers", layer);
const contents = new Map<Layer, readonly Component[]>();
for (const layer of new Set(selected.flatMap(({ layers }) => layers))) {
  const folder = folderOf(layer);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  contents.set(layer, await stages[layer](folder));
  await settle(folder);
}

for (const image of values.stage ? [] : selected) {
  const file = join(output, `${image.name}.tar`);
  const { version } = await manifestOf(image.workspace);
  const name = referenceOf(image, version);
  const digest = await writeOciArchive(file, {
    name,
    layers: image.layers.map(folderOf),
    entrypoint: image.entrypoint,
    user: `${image.user}:${image.user}`,
    environment: image.environment,
    labels: labelsOf(image, version),
  });
  const components = image.layers.flatMap((layer) => contents.get(layer) ?? []);
  await write(join(output, `${image.name}.cdx.json`), billOfMaterials({ name, version, components }));
  const { size } = await stat(file);
  process.stdout.write(`${name}  ${(size / 1e6).toFixed(1)} MB  ${digest}\n`);
}
