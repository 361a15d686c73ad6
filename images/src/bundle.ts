/** Bundles of our code and the packages that it uses. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build, type BuildOptions, type Metafile } from "esbuild";
import { npmComponent, type Component } from "./component.ts";
import { byCodeUnits, write } from "./files.ts";
import { root } from "./tree.ts";

/** The bundler's output folder, which names and source maps depend on: the same in every checkout. */
const virtual = join(root, "app");

/** Writes the bundles and the licences of the packages in them; returns these packages. `external`: packages that stay outside. */
export async function writeBundles(
  folder: string,
  options: Pick<BuildOptions, "entryPoints" | "external" | "plugins" | "splitting" | "outbase" | "sourcemap">,
  header = "",
): Promise<readonly Component[]> {
  const { metafile, outputFiles } = await build({
    ...options,
    absWorkingDir: root,
    outdir: virtual,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    // Bundled CommonJS packages call require, which an ES module does not have.
    banner: {
      js: `${header}import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);`,
    },
    sourcesContent: false,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "error",
  });
  for (const { path, text } of outputFiles) {
    await write(join(folder, relative(virtual, path)), path.endsWith(".map") ? withTreePaths(path, text) : text);
  }
  const packages = bundledPackages(metafile);
  await write(join(folder, "LICENSES.txt"), (await Promise.all(packages.map(licencesOf))).join("\n"));
  return Promise.all(packages.map(packageIn));
}

/** Rewrites sources to their paths in this tree, as in an image. */
function withTreePaths(file: string, text: string): string {
  const map = JSON.parse(text) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => relative(root, resolve(dirname(file), source)));
  return JSON.stringify({ ...map, sourceRoot: "/app/", sources });
}

/** Folders of the packages that are in the output. */
function bundledPackages({ outputs }: Metafile): readonly string[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].toSorted(byCodeUnits).map((folder) => join(root, folder));
}

/** Most licences must accompany each copy. */
async function licencesOf(folder: string): Promise<string> {
  const { name, version, license = "" } = await packageIn(folder);
  const files = (await readdir(folder))
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .toSorted(byCodeUnits);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return [`${name} ${version} ${license}\n`, ...texts].join("\n");
}

export async function packageIn(folder: string): Promise<Component> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  return npmComponent(manifest.name, manifest.version, manifest.license);
}
