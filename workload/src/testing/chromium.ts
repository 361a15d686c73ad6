/** Finds a Chromium for tests of pages. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of the one in `CHROMIUM` or on the PATH; undefined if there is none, and the test is skipped. */
export function installedChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found =
    process.env["CHROMIUM"] ?? folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (found === undefined) process.stderr.write("skipped: no Chromium on the PATH; install one, or set CHROMIUM\n");
  return found;
}
