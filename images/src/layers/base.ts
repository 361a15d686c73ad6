/** The lowest layer: Node and the C and C++ libraries that it is linked to, without shell and package manager. */
import { chmod, copyFile, mkdir, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Component } from "../component.ts";
import { write } from "../files.ts";
import { images } from "../images.ts";
import { stageDebian } from "./debian.ts";

const resolve = createRequire(import.meta.url);

const packages = ["base-files", "libc6", "libgcc-s1", "libstdc++6"] as const;
export async function stageBase(folder: string): Promise<readonly Component[]> {
  const components = await stageDebian(folder, packages);
  for (const name of ["lib", "lib64"]) await symlink(`usr/${name}`, join(folder, name));
  await accounts(folder);
  return [...components, await nodeProgram(folder)];
}

/** The Node that the tests use. */
async function nodeProgram(folder: string): Promise<Component> {
  const manifest = resolve("node/package.json") as { readonly version: string };
  const program = join(dirname(resolve.resolve("node/package.json")), "bin/node");
  const file = join(folder, "usr/local/bin/node");
  await mkdir(dirname(file), { recursive: true });
  await copyFile(program, file);
  const { version } = manifest;
  return { name: "node", version, purl: `pkg:generic/node@${version}`, license: "MIT" };
}

async function accounts(folder: string): Promise<void> {
  const ids = [...new Set(images.map(({ user }) => user))];
  const name = (id: number): string => `gpumedia${id}`;
  const users = ids.map((id) => `${name(id)}:x:${id}:${id}::/tmp:/sbin/nologin\n`);
  await write(join(folder, "etc/passwd"), `root:x:0:0:root:/:/sbin/nologin\n${users.join("")}`);
  await write(join(folder, "etc/group"), `root:x:0:\n${ids.map((id) => `${name(id)}:x:${id}:\n`).join("")}`);
  await write(join(folder, "etc/nsswitch.conf"), "hosts: files dns\n");
  const scratch = join(folder, "tmp");
  await mkdir(scratch);
  await chmod(scratch, 0o1777);
}
