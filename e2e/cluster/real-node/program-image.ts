/** Images with one program and the libraries that it is linked to. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeOciArchive } from "@gpumedia/images/src/oci-archive.ts";
import { pauseImage } from "./settings.ts";

const run = promisify(execFile);
const pauseSource = fileURLToPath(new URL("pause.c", import.meta.url));

/** `more`: other files, by their path in the image. */
export async function programImage(
  file: string,
  { name, program, more = {} }: { name: string; program: string; more?: Readonly<Record<string, string>> },
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "gpumedia-image-"));
  try {
    const inside = `/usr/local/bin/${basename(program)}`;
    const libraries = Object.fromEntries((await librariesOf(program)).map((path) => [path, path]));
    for (const [path, source] of Object.entries({ ...libraries, ...more, [inside]: program })) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await copyFile(source, join(root, path));
    }
    await writeOciArchive(file, { name, layers: [root], entrypoint: [inside] });
  } finally {
    await rm(root, { recursive: true });
  }
}

/** The pause container, which keeps the namespaces of a pod while its containers restart. */
export async function pauseArchive(file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gpumedia-pause-"));
  try {
    const program = join(folder, "pause");
    await run("cc", ["-Os", "-s", "-o", program, pauseSource]);
    await programImage(file, { name: pauseImage, program });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Paths of the shared libraries, including the loader; none of a static program. */
async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await run("ldd", [program]).catch((error: { readonly stdout?: string }) => ({
    stdout: error.stdout ?? "",
  }));
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}
