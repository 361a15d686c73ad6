/** Files of this machine's Debian packages. Scanners find the packages in /var/lib/dpkg/status.d, as in distroless images. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Component } from "../component.ts";
import { filesBelow, write } from "../files.ts";
import { architecture } from "../images.ts";

const run = promisify(execFile);

/** Libraries, licences, and the release of Debian. */
const kept = [
  /^usr\/lib(64)?\/([^/]+-linux-gnu\/)?[^/]+\.so[^/]*$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
  /^usr\/share\/common-licenses\//,
  /^(etc|usr\/lib)\/os-release$/,
];

/** Writes the files that programs need at run time into the folder. */
export async function stageDebian(folder: string, names: readonly string[]): Promise<readonly Component[]> {
  const work = await mkdtemp(join(tmpdir(), "gpumedia-debian-"));
  try {
    const archives = await downloadPackages(work, names);
    const components = await Promise.all(archives.map((archive) => unpack(archive, work, folder)));
    for (const file of await filesBelow(work)) {
      // Debian up to 12 has files in /lib, later ones in /usr/lib alone.
      const path = file.replace(/^lib(64)?\//, "usr/lib$1/");
      if (!kept.some((pattern) => pattern.test(path))) continue;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await rename(join(work, file), join(folder, path));
    }
    return components;
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The first of these packages that this machine's Debian has. */
export async function availableOf(names: readonly string[]): Promise<string> {
  for (const name of names) {
    const { stdout } = await run("apt-cache", ["pkgnames", name]);
    if (stdout.split("\n").includes(name)) return name;
  }
  throw new Error(`apt has none of ${names.join(", ")}: run apt-get update`);
}

async function downloadPackages(folder: string, packages: readonly string[]): Promise<readonly string[]> {
  const download = async (names: readonly string[]): Promise<readonly string[]> => {
    await run("apt-get", ["download", ...names], { cwd: folder }).catch((error: Error) => {
      const without =
        "apt-get could not download the Debian packages of the base layer; without apt-get, use docker build and images/*.Dockerfile";
      throw new Error(`${without}\n${error.message}`);
    });
    return (await filesBelow(folder)).map((file) => join(folder, file));
  };
  const archives = await download(packages);
  const depends = await Promise.all(archives.map((archive) => field(archive, "Depends")));
  // This package has the licence of GCC's libraries; its name depends on GCC's version.
  const gcc = /\bgcc-\d+-base\b/.exec(depends.join());
  return gcc === null ? archives : download(gcc);
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
