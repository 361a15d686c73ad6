/** Builds the mock `libnvidia-ml.so.1` with the machine's C compiler, once per version of its sources. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type MockLibrary =
  /** `folder` is for `LD_LIBRARY_PATH`. */
  | { readonly kind: "built"; readonly folder: string; readonly path: string }
  | { readonly kind: "no-compiler"; readonly message: string };

/** `older`: like a driver before 510, which lacks newer calls. */
export type Driver = "current" | "older";

const sources = fileURLToPath(new URL("nvml", import.meta.url));
const cache = fileURLToPath(new URL("../../.cache/gpu-mock", import.meta.url));
const soname = "libnvidia-ml.so.1";

// Without hidden visibility, the mock's internal functions, such as `begin`, would clash with those of programs.
const flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-pthread"];

export function mockLibrary(driver: Driver = "current"): MockLibrary {
  const compiler = process.env["CC"] ?? "cc";
  const version = versionOf(compiler);
  if (version === null) {
    return { kind: "no-compiler", message: `no C compiler: cannot run "${compiler}"; install one, or set CC` };
  }
  const files = readdirSync(sources).toSorted();
  const settings = [...flags, ...(driver === "older" ? ["-DOLDER_DRIVER"] : [])];
  const digest = createHash("sha256").update([version, ...settings].join("\0"));
  for (const file of files) digest.update(`\0${file}\0`).update(readFileSync(join(sources, file)));
  const folder = join(cache, digest.digest("hex").slice(0, 16));
  const path = join(folder, soname);
  if (!existsSync(path)) build(compiler, [...settings, ...files.filter((file) => file.endsWith(".c"))], folder);
  return { kind: "built", folder, path };
}

function build(compiler: string, parameters: readonly string[], folder: string): void {
  mkdirSync(cache, { recursive: true });
  // Built aside and renamed: two test runs may build at once, and loading an incomplete library crashes the process.
  const aside = mkdtempSync(join(cache, "build-"));
  const output = ["-shared", `-Wl,-soname,${soname}`, "-o", join(aside, soname)];
  execFileSync(compiler, [...parameters, ...output], { cwd: sources, stdio: ["ignore", "inherit", "inherit"] });
  try {
    renameSync(aside, folder);
  } catch (error) {
    rmSync(aside, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

function versionOf(compiler: string): string | null {
  try {
    return execFileSync(compiler, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
}
