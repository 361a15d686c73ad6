/** Our own code, bundled: each start would otherwise read hundreds of files, and each thread strip types on its own. */
import { chmod, copyFile, glob, mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { build as bundle, type Metafile, type Plugin } from "esbuild";
import { npmComponent, type Component } from "../component.ts";
import { write } from "../files.ts";
import { nativePackages, type Program } from "../images.ts";
import { license, name, root, version } from "../tree.ts";

/** Where the tree is in an image. */
const home = "/app";

/** Where the bundler thinks that it writes: its names and maps depend on it, and must be the same in every checkout. */
const virtual = join(root, "app");

/** Into `folder`/app; answers the packages that are in the bundles. */
export async function stageProgram(folder: string, program: Program): Promise<readonly Component[]> {
  const app = join(folder, home);
  const { commands, modules, files } = program;
  const { metafile, outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: [...Object.values(commands), ...modules],
    outbase: root,
    outdir: virtual,
    plugins: [asInstalled],
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: Object.keys(nativePackages(process.platform, process.arch)),
    // What CommonJS packages require is required by them, in a module that has no require.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "error",
  });
  for (const file of outputFiles) {
    const content = file.path.endsWith(".map") ? withTreePaths(file.path, file.text) : file.text;
    await write(join(app, relative(virtual, file.path)), content);
  }
  for await (const file of glob([...files], { cwd: root })) {
    await mkdir(dirname(join(app, file)), { recursive: true });
    await copyFile(join(root, file), join(app, file));
  }
  await write(join(app, "package.json"), `${JSON.stringify({ type: "module" })}\n`);
  const bin = join(folder, "usr/local/bin");
  await mkdir(bin, { recursive: true });
  for (const [command, file] of Object.entries(commands)) {
    await chmod(join(app, file), 0o755);
    await symlink(join(home, file), join(bin, command));
  }
  return [npmComponent(name, version, license), ...(await bundled(metafile))];
}

/**
 * Files find others by their own URL: it is the one that they would have in the image, not the bundle's, and what is TypeScript
 * here is JavaScript there. Programs are started by the kernel, which finds no /usr/bin/env.
 */
const asInstalled: Plugin = {
  name: "as-installed",
  setup(build) {
    build.onLoad({ filter: /\.(ts|js)$/ }, async ({ path }) => {
      if (path.includes("/node_modules/")) return undefined;
      const text = await readFile(path, "utf8");
      const url = JSON.stringify(`file://${home}/${relative(root, path)}`);
      const contents = text
        .replace(/^#!.*/, "#!/usr/local/bin/node")
        .replaceAll(/(new URL\("[^"]+)\.ts", import\.meta\.url/g, '$1.js", import.meta.url')
        .replaceAll("import.meta.url", url);
      return { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
    });
  },
};

/** Sources by their paths in this tree, as an image would have them. */
function withTreePaths(file: string, text: string): string {
  const map = JSON.parse(text) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => relative(root, resolve(dirname(file), source)));
  return JSON.stringify({ ...map, sourceRoot: `${home}/`, sources });
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** The packages of which something is in the output. */
async function bundled({ outputs }: Metafile): Promise<readonly Component[]> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0])
    .filter((folder) => folder !== undefined);
  return Promise.all([...new Set(folders)].map((folder) => packageIn(join(root, folder))));
}

export async function packageIn(folder: string): Promise<Component> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  return npmComponent(manifest.name, manifest.version, manifest.license);
}
