/** containerd in the node, reached from outside through its socket file; it does all mounting itself. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Processes } from "../processes.ts";
import { until } from "../until.ts";
import { programPath } from "./requirements.ts";
import { containerdSocket, nodeFiles } from "./settings.ts";

const run = promisify(execFile);

/** Resolves when it is ready. */
export async function startContainerd(processes: Processes): Promise<void> {
  const { directory } = processes;
  await processes.start("containerd", {
    command: programPath("containerd") ?? "",
    parameters: ["--config", join(directory, nodeFiles.containerd)],
  });
  await until("containerd to be ready", () => ctr(directory, "version").catch(() => undefined));
}

/** Loads images from OCI archives, under the names in them. */
export async function loadImages(directory: string, archives: readonly string[]): Promise<void> {
  for (const archive of archives) await ctr(directory, "--namespace=k8s.io", "images", "import", archive);
}

/** Loads images that `make` writes into a folder as archives. */
export async function loadBuiltImages(
  directory: string,
  make: (folder: string) => Promise<readonly string[]>,
): Promise<void> {
  const folder = await mkdtemp(join(directory, "images-"));
  await loadImages(directory, await make(folder));
  await rm(folder, { recursive: true });
}

/** Both names are full references, as containerd stores them. */
export async function nameImage(directory: string, image: string, name: string): Promise<void> {
  await ctr(directory, "--namespace=k8s.io", "images", "tag", image, name);
}

async function ctr(directory: string, ...parameters: readonly string[]): Promise<string> {
  const address = join(directory, containerdSocket);
  const { stdout } = await run(programPath("ctr") ?? "", ["--address", address, ...parameters]);
  return stdout;
}
