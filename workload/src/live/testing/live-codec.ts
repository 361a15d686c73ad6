/** The codec for tests: installed, or else downloaded from Debian into the cache of this tree. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import type { Context } from "mocha";
import type { VideoCodec } from "../codec.ts";
import { openLibvpx } from "../libvpx.ts";
import { sonames } from "../libvpx-abi.ts";

const cache = fileURLToPath(new URL("../../../../.cache/libvpx", import.meta.url));

/** Skips the test with the reason if the codec is missing. */
export function needsCodec(test: Context): VideoCodec {
  try {
    return openLibvpx();
  } catch {
    // Not installed.
  }
  try {
    if (!existsSync(cache)) download();
    preload();
    return openLibvpx();
  } catch (error) {
    // Without Debian's archive: npm cannot install libvpx.
    process.stdout.write(`      skipped: ${(error as Error).message}\n`);
    return test.skip();
  }
}

function download(): void {
  mkdirSync(join(cache, ".."), { recursive: true });
  const work = mkdtempSync(`${cache}-`);
  const run = (program: string, parameters: readonly string[]): void => {
    execFileSync(program, parameters, { cwd: work, stdio: ["ignore", "ignore", "pipe"] });
  };
  try {
    for (const [, packageName] of sonames) {
      const [name = ""] = packageName.split(" ");
      try {
        run("apt-get", ["download", name]);
      } catch {
        // Of another release of Debian.
        continue;
      }
      run("sh", ["-c", "dpkg-deb --extract ./*.deb ."]);
      // A run beside this one may have been faster.
      if (!existsSync(cache)) renameSync(work, cache);
      return;
    }
    throw new Error(`apt-get could download none of ${sonames.map(([, name]) => name).join(", ")}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** For this process, whose loader does not read the variable any more, and for media processes. */
function preload(): void {
  const libraries = join(cache, "usr/lib");
  const [folder] = readdirSync(libraries);
  process.env["LD_LIBRARY_PATH"] = join(libraries, folder ?? "");
  for (const [soname] of sonames) {
    const library = join(libraries, folder ?? "", soname);
    if (existsSync(library)) koffi.load(library);
  }
}
