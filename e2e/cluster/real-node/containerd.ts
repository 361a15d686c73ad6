/** containerd in the node, reached from outside through its socket file; it does all mounting itself. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Processes } from "../processes.ts";
import { until } from "../until.ts";
import { containerdSocket, nodeFiles } from "./settings.ts";

const run = promisify(execFile);

/** Of the tool family `containerd`. */
export const containerdPrograms = ["containerd", "containerd-shim-runc-v2", "ctr"] as const;
type Paths = Readonly<Record<(typeof containerdPrograms)[number], string>>;

export class Containerd {
  readonly #directory: string;
  readonly #ctr: string;

  /** Resolves when it is ready. */
  static async start(processes: Processes, paths: Paths): Promise<Containerd> {
    const { directory } = processes;
    await processes.start("containerd", {
      command: paths.containerd,
      parameters: ["--config", join(directory, nodeFiles.containerd)],
    });
    const containerd = new Containerd(directory, paths.ctr);
    await until("containerd to be ready", () => containerd.#run("version").catch(() => undefined));
    return containerd;
  }

  private constructor(directory: string, ctr: string) {
    this.#directory = directory;
    this.#ctr = ctr;
  }

  /** Loads images from OCI archives, under the names in them. */
  async loadImages(archives: readonly string[]): Promise<void> {
    for (const archive of archives) await this.#run("--namespace=k8s.io", "images", "import", archive);
  }

  /** Loads images that `make` writes into a folder as archives. */
  async loadBuiltImages(make: (folder: string) => Promise<readonly string[]>): Promise<void> {
    const folder = await mkdtemp(join(this.#directory, "images-"));
    await this.loadImages(await make(folder));
    await rm(folder, { recursive: true });
  }

  /** Both names are full references, as containerd stores them. */
  async nameImage(image: string, name: string): Promise<void> {
    await this.#run("--namespace=k8s.io", "images", "tag", image, name);
  }

  async #run(...parameters: readonly string[]): Promise<string> {
    const address = join(this.#directory, containerdSocket);
    const { stdout } = await run(this.#ctr, ["--address", address, ...parameters]);
    return stdout;
  }
}
