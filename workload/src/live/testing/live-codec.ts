/** The codecs for tests: installed, or else downloaded from Debian into the cache of this tree. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import type { Context } from "mocha";
import type { CodecName, VideoCodec } from "../codec.ts";
import { openLibvpx } from "../libvpx.ts";
import * as libvpx from "../libvpx-abi.ts";
import type { Names } from "../native-library.ts";
import { openOpenh264 } from "../openh264.ts";
import * as openh264 from "../openh264-abi.ts";

interface Library {
  readonly open: () => VideoCodec;
  readonly names: Names;
  readonly cache: string;
}

const libraries: Readonly<Record<CodecName, Library>> = {
  VP8: { open: openLibvpx, names: libvpx.sonames, cache: cacheOf("libvpx") },
  H264: { open: openOpenh264, names: openh264.sonames, cache: cacheOf("libopenh264") },
};

function cacheOf(name: string): string {
  return fileURLToPath(new URL(`../../../../.cache/${name}`, import.meta.url));
}

/** Skips the test with the reason if the codec is missing. */
export function needsCodec(test: Context, name: CodecName = "VP8"): VideoCodec {
  const library = libraries[name];
  try {
    return library.open();
  } catch {
    // Not installed.
  }
  try {
    if (!existsSync(library.cache)) download(library);
    preload(library);
    return library.open();
  } catch (error) {
    // Without Debian's archive: npm cannot install the libraries.
    process.stdout.write(`      skipped: ${(error as Error).message}\n`);
    return test.skip();
  }
}

function download({ cache, names }: Library): void {
  mkdirSync(join(cache, ".."), { recursive: true });
  const work = mkdtempSync(`${cache}-`);
  const run = (program: string, parameters: readonly string[]): void => {
    execFileSync(program, parameters, { cwd: work, stdio: ["ignore", "ignore", "pipe"] });
  };
  try {
    for (const [, packageName] of names) {
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
    throw new Error(`apt-get could download none of ${names.map(([, name]) => name).join(", ")}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** For this process, whose loader does not read the variable any more, and for media processes. */
function preload({ cache, names }: Library): void {
  const folders = join(cache, "usr/lib");
  const folder = join(folders, readdirSync(folders)[0] ?? "");
  const before = process.env["LD_LIBRARY_PATH"]?.split(":") ?? [];
  if (!before.includes(folder)) process.env["LD_LIBRARY_PATH"] = [...before, folder].join(":");
  for (const [soname] of names) {
    const file = join(folder, soname);
    if (existsSync(file)) koffi.load(file);
  }
}
