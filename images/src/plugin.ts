/** The command-line tool as two files that need only Node: `gpumedia`, and the kubectl plugin `kubectl-gpumedia`. */
import { chmod, copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { writeBundles } from "./bundle.ts";
import { root } from "./tree.ts";

const programs = { gpumedia: "operator/src/cli/main.ts", "kubectl-gpumedia": "operator/src/cli/kubectl-main.ts" };

export async function stagePlugin(folder: string): Promise<void> {
  const entryPoints = Object.entries(programs).map(([out, source]) => ({ out, in: source }));
  await writeBundles(folder, { entryPoints }, "#!/usr/bin/env node\n");
  for (const name of Object.keys(programs)) {
    // kubectl derives the command from the file name.
    await rename(join(folder, `${name}.js`), join(folder, name));
    await chmod(join(folder, name), 0o755);
  }
  await copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
}
