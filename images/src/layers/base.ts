/**
 * The lowest layer: Node, and the C and C++ libraries that it is linked to, from packages of the Debian that this machine runs.
 * No shell, no package manager; scanners find the packages in /var/lib/dpkg/status.d, as in distroless images.
 */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Component } from "../component.ts";
import { filesBelow, write } from "../files.ts";
import { architecture, images } from "../images.ts";

const run = promisify(execFile);
const resolve = createRequire(import.meta.url);

const packages = ["base-files", "libc6", "libgcc-s1", "libstdc++6"] as const;
/** Libraries, licences, and which Debian it is. */
const kept = [
  /^usr\/lib(64)?\/([^/]+-linux-gnu\/)?[^/]+\.so[^/]*$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
  /^usr\/share\/common-licenses\//,
  /^(etc|usr\/lib)\/os-release$/,
];

export async function stageBase(folder: string): Promise<readonly Component[]> {
  const work = await mkdtemp(join(tmpdir(), "gpumedia-base-"));
  try {
    const archives = await downloadPackages(work);
    const components = await Promise.all(archives.map((archive) => unpack(archive, work, folder)));
    for (const file of await filesBelow(work)) {
      // Debian up to 12 has files in /lib, later ones in /usr/lib alone.
      const path = file.replace(/^lib(64)?\//, "usr/lib$1/");
      if (!kept.some((pattern) => pattern.test(path))) continue;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await rename(join(work, file), join(folder, path));
    }
    for (const name of ["lib", "lib64"]) await symlink(`usr/${name}`, join(folder, name));
    await accounts(folder);
    return [...components, await nodeProgram(folder)];
  } finally {
    await rm(work, { recursive: true });
  }
}

async function downloadPackages(folder: string): Promise<readonly string[]> {
  const download = async (names: readonly string[]): Promise<readonly string[]> => {
    await run("apt-get", ["download", ...names], { cwd: folder }).catch((error: Error) => {
      const without =
        "the libraries below Node are Debian packages: without apt-get, use docker build and images/*.Dockerfile";
      throw new Error(`${without}\n${error.message}`);
    });
    return (await filesBelow(folder)).map((file) => join(folder, file));
  };
  const archives = await download(packages);
  const depends = await Promise.all(archives.map((archive) => field(archive, "Depends")));
  // Has the licence of GCC's libraries; its name has GCC's version.
  return download(/\bgcc-\d+-base\b/.exec(depends.join()) ?? []);
}

async function unpack(archive: string, into: string, folder: string): Promise<Component> {
  await run("dpkg-deb", ["--extract", archive, into]);
  const [name, version] = await Promise.all([field(archive, "Package"), field(archive, "Version")]);
  const { stdout: control } = await run("dpkg-deb", ["--field", archive]);
  await write(join(folder, "var/lib/dpkg/status.d", name), `${control.trimEnd()}\nStatus: install ok installed\n`);
  const release = await readFile("/etc/os-release", "utf8");
  const [id = "debian", number = ""] = ["ID", "VERSION_ID"].map(
    (variable) => new RegExp(`^${variable}="?([^"\n]*)`, "m").exec(release)?.[1],
  );
  const [path, pinned] = [name, version].map(encodeURIComponent);
  return { name, version, purl: `pkg:deb/${id}/${path}@${pinned}?arch=${architecture}&distro=${id}-${number}` };
}

async function field(archive: string, name: string): Promise<string> {
  return (await run("dpkg-deb", ["--field", archive, name])).stdout.trim();
}

/** The Node that the tests ran with. */
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
