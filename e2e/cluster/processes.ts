/** The processes of one cluster, as the process that started it sees them. They never outlive it: see `keeper.ts`. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KeeperReport, KeeperRequest } from "./keeper-protocol.ts";
import { inPrivateNetwork, preparePrivateNetwork, systemPath } from "./process-node/network-namespace.ts";
import { inNodeMachine, prepareNodeMachine } from "./real-node/namespaces.ts";

export interface Command {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that ended though nobody asked it to. */
export class ProcessFailure extends Error {
  override readonly name = "ProcessFailure";
  /** The end of its log. */
  readonly log: string;

  constructor(process: string, how: string, log: string) {
    super(`${process} ended: ${how}; the end of its log:\n${log}`);
    this.log = log;
  }
}

interface Running {
  readonly pid: number;
  readonly exited: Promise<string>;
  readonly resolveExited: (how: string) => void;
}

interface Within {
  readonly privateNetwork?: boolean;
  readonly realNode?: boolean;
}

/** How to start Node within it. */
async function enclosed(directory: string, within: Within): Promise<readonly [string, ...string[]]> {
  if (within.realNode === true) {
    await prepareNodeMachine(directory);
    return [...(await inNodeMachine(directory)), process.execPath];
  }
  if (within.privateNetwork !== true) return [process.execPath];
  await preparePrivateNetwork(directory);
  return [...inPrivateNetwork(directory), process.execPath];
}

const keeperProgram = fileURLToPath(new URL("keeper.ts", import.meta.url));
const logTailBytes = 4_000;

export class Processes implements AsyncDisposable {
  readonly directory: string;
  readonly #keeper: ChildProcess;
  readonly #running = new Map<string, Running>();
  readonly #commands = new Map<string, Command>();
  /** How the last one of each name ended. */
  readonly #ended = new Map<string, string>();
  /** Those whose end nobody wonders about. */
  readonly #signalled = new Set<string>();
  #onFailure: (failure: ProcessFailure) => void = () => {};
  readonly #starting = new Map<string, PromiseWithResolvers<number>>();
  #waiting = 0;

  /** The directory is theirs: it is removed when they end. `within`: they have a network, or all of a machine, of their own. */
  static async start(directory: string, within: Within = {}): Promise<Processes> {
    const [execPath, ...execArgv] = await enclosed(directory, within);
    // A session of its own: Ctrl-C in a terminal reaches us alone, and we end the rest in order.
    const keeper = fork(keeperProgram, [directory], {
      detached: true,
      execPath,
      execArgv,
      env: systemPath(),
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const processes = new Processes(directory, keeper);
    await once(keeper, "message");
    // Nothing of a cluster keeps a program from ending that has forgotten to stop it.
    keeper.unref();
    keeper.channel?.unref();
    return processes;
  }

  private constructor(directory: string, keeper: ChildProcess) {
    this.directory = directory;
    this.#keeper = keeper;
    keeper.on("message", (report: KeeperReport) => this.#hear(report));
    keeper.on("exit", () => {
      const names = [...this.#running.keys(), ...this.#starting.keys()];
      for (const name of names) this.#hear({ what: "exited", name, how: "its keeper has ended" });
    });
  }

  /** Starts a program under a name that no running one has; answers its process id. */
  async start(name: string, { command, parameters, env = {} }: Command): Promise<number> {
    if (this.#running.has(name) || this.#starting.has(name)) throw new Error(`${name} is running already`);
    this.#commands.set(name, { command, parameters, env });
    this.#signalled.delete(name);
    const started = Promise.withResolvers<number>();
    this.#starting.set(name, started);
    this.#ask({ do: "start", name, command, parameters, env, log: this.logFile(name) });
    return this.#heard(started.promise);
  }

  /** Resolves with how it ended: a signal's name or `exit CODE`. At once if it is not running. */
  exited(name: string): Promise<string> {
    return this.#running.get(name)?.exited ?? Promise.resolve(this.#ended.get(name) ?? "it was never started");
  }

  /** Sends a signal, and waits until the process has ended if it is one that ends it. */
  async kill(name: string, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    const exited = this.exited(name);
    this.signal(name, signal);
    await this.#heard(exited);
  }

  /** Kills it and starts the same command again. */
  async restart(name: string): Promise<number> {
    const command = this.#commands.get(name);
    if (command === undefined) throw new Error(`${name} has never been started`);
    await this.kill(name);
    return this.start(name, command);
  }

  /** Has every failure told from now on: the end of a process that nobody sent a signal to. */
  onFailure(tell: (failure: ProcessFailure) => void): void {
    this.#onFailure = tell;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#signalled.add(name);
    this.#ask({ do: "signal", name, signal });
  }

  logFile(name: string): string {
    return join(this.directory, `${name}.log`);
  }

  async failure(name: string, how: string): Promise<ProcessFailure> {
    const log = await readFile(this.logFile(name), "utf8").catch(() => "(there is none)");
    return new ProcessFailure(name, how, log.slice(-logTailBytes));
  }

  /** Process ids by name. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#running].map(([name, { pid }]) => [name, pid]));
  }

  get keeperPid(): number | undefined {
    return this.#keeper.pid;
  }

  /** Ends all of them and removes their directory. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode === null && this.#keeper.signalCode === null) {
      for (const name of this.#running.keys()) this.#signalled.add(name);
      const exited = once(this.#keeper, "exit");
      this.#keeper.ref();
      if (this.#keeper.connected) this.#keeper.disconnect();
      await exited;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  #ask(request: KeeperRequest): void {
    this.#keeper.send(request);
  }

  /** Keeps this process from ending while it waits for the keeper's word. */
  async #heard<T>(word: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#keeper.channel?.ref();
    try {
      return await word;
    } finally {
      if (--this.#waiting === 0) this.#keeper.channel?.unref();
    }
  }

  #hear(report: KeeperReport): void {
    switch (report.what) {
      case "ready":
        return;
      case "started": {
        const { promise, resolve } = Promise.withResolvers<string>();
        this.#running.set(report.name, { pid: report.pid, exited: promise, resolveExited: resolve });
        this.#takeStarting(report.name)?.resolve(report.pid);
        return;
      }
      case "exited":
        this.#takeStarting(report.name)?.reject(new Error(`${report.name} could not be started: ${report.how}`));
        this.#running.get(report.name)?.resolveExited(report.how);
        this.#running.delete(report.name);
        this.#ended.set(report.name, report.how);
        if (!this.#signalled.has(report.name)) void this.failure(report.name, report.how).then(this.#onFailure);
        return;
    }
  }

  #takeStarting(name: string): PromiseWithResolvers<number> | undefined {
    const started = this.#starting.get(name);
    this.#starting.delete(name);
    return started;
  }
}
