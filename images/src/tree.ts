/** The root of this tree, and the manifests of its workspaces. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

export const root = fileURLToPath(new URL("../..", import.meta.url));

export async function manifestOf(workspace: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, workspace, "package.json"), "utf8")) as Manifest;
}
