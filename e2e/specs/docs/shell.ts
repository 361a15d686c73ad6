/** Runs the pages' commands in a linked copy of the tree, with its own home and the reader's programs on the PATH. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { root } from "../../docs/pages.ts";

export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Not linked, because the commands create them. */
const own = new Set(["dist", ".git", ".cache"]);

export class Shell implements AsyncDisposable {
  readonly directory: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #running: Child[] = [];

  /** `programs`: paths by command name. */
  static async open(programs: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Promise<Shell> {
    const directory = await mkdtemp(join(tmpdir(), "gpumedia-docs-"));
    const bin = join(directory, ".bin");
    await mkdir(bin);
    const entries = (await readdir(root)).filter((name) => !own.has(name));
    await Promise.all([
      ...entries.map((name) => symlink(join(root, name), join(directory, name))),
      ...Object.entries(programs).map(([name, path]) => symlink(path, join(bin, name))),
    ]);
    const path = [bin, join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
    return new Shell(directory, { ...process.env, HOME: directory, PATH: path, ...env });
  }

  private constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.#env = env;
  }

  async run(command: string): Promise<Printed> {
    const child = this.#spawn(command);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  }

  /** Starts a program that runs until it is stopped. Returns a function that returns its output, and throws once it has exited. */
  start(command: string): () => string {
    const child = this.#spawn(command);
    this.#running.push(child);
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    }
    return () => {
      if (child.exitCode !== null) throw new Error(`${command} exited with code ${child.exitCode}: ${printed}`);
      return printed;
    };
  }

  #spawn(command: string): Child {
    // Its own process group: npx starts the program as a child, which a signal to npx alone does not reach.
    return spawn("sh", ["-c", command], {
      cwd: this.directory,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.#running) {
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // It has exited.
      }
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
