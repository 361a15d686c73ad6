/** containerd inside of the node, spoken to from outside: it listens on a file, and does all mounting itself. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Processes } from "../processes.ts";
import { until } from "../until.ts";
import { programPath } from "./requirements.ts";
import { containerdSocket, nodeFiles } from "./settings.ts";

const run = promisify(execFile);

/** Resolves when it answers. */
export async function startContainerd(processes: Processes): Promise<void> {
  const { directory } = processes;
  await processes.start("containerd", {
    command: programPath("containerd") ?? "",
    parameters: ["--config", join(directory, nodeFiles.containerd)],
  });
  await until("containerd to answer", () => ctr(directory, "version").catch(() => undefined));
}

/** Images from OCI archives, from now on there under the names that they tell. */
export async function loadImages(directory: string, archives: readonly string[]): Promise<void> {
  for (const archive of archives) await ctr(directory, "--namespace=k8s.io", "images", "import", archive);
}

/** Loads images that are made for this node alone; `make` writes the archives into the folder. */
export async function loadBuiltImages(
  directory: string,
  make: (folder: string) => Promise<readonly string[]>,
): Promise<void> {
  const folder = await mkdtemp(join(directory, "images-"));
  await loadImages(directory, await make(folder));
  await rm(folder, { recursive: true });
}

/** Both names in full, as containerd keeps them. */
export async function nameImage(directory: string, image: string, name: string): Promise<void> {
  await ctr(directory, "--namespace=k8s.io", "images", "tag", image, name);
}

async function ctr(directory: string, ...parameters: readonly string[]): Promise<string> {
  const address = join(directory, containerdSocket);
  const { stdout } = await run(programPath("ctr") ?? "", ["--address", address, ...parameters]);
  return stdout;
}
