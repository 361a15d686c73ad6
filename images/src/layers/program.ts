/** Our own code, bundled: otherwise each start would read hundreds of files, and each thread would strip types. */
import { chmod, copyFile, glob, mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Plugin } from "esbuild";
import { writeBundles } from "../bundle.ts";
import { npmComponent, type Component } from "../component.ts";
import { write } from "../files.ts";
import { packagesBeside, type Program } from "../images.ts";
import { manifestOf, root } from "../tree.ts";

/** Path of the tree in an image. */
const home = "/app";

/** Writes into `folder`/app; returns the packages in the bundles. */
export async function stageProgram(folder: string, program: Program): Promise<readonly Component[]> {
  const app = join(folder, home);
  const { commands, modules, files } = program;
  const packages = await writeBundles(app, {
    entryPoints: [...Object.values(commands), ...modules],
    external: [...packagesBeside(program, process.platform, process.arch)],
    outbase: root,
    plugins: [asInstalled],
    splitting: true,
    sourcemap: "linked",
  });
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
  const { name, version, license } = await manifestOf(program.workspace);
  return [npmComponent(name, version, license), ...packages];
}

/**
 * Rewrites `import.meta.url`, by which files find others, to the file's URL in the image, and TypeScript to JavaScript. The image has
 * no /usr/bin/env for the first line of programs.
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
