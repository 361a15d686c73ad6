/** The processes of one cluster. They never outlive the process that started it: see `keeper.ts`. */
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

/** A process exited unexpectedly. */
export class ProcessFailure extends Error {
  override readonly name = "ProcessFailure";
  /** The end of its log. */
  readonly log: string;

  constructor(process: string, how: string, log: string) {
    super(`${process} exited unexpectedly (${how}); the end of its log:\n${log}`);
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

/** The command that starts Node in it. */
async function enclosed(directory: string, within: Within): Promise<readonly [string, ...string[]]> {
  if (within.realNode === true) {
    await prepareNodeMachine(directory);
    return [...(await inNodeMachine(directory)), process.execPath];
  }
  if (within.privateNetwork !== true) return [process.execPath];
  await preparePrivateNetwork(directory);
  return [...inPrivateNetwork(directory), process.execPath];
}

/** The API server would ask a proxy for the addresses of fake pods and Services, which exist in the cluster only. */
function withoutProxies(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(https?|all|no)_proxy$/i.test(name)));
}

const keeperProgram = fileURLToPath(new URL("keeper.ts", import.meta.url));
const logTailBytes = 4_000;

export class Processes implements AsyncDisposable {
  readonly directory: string;
  readonly #keeper: ChildProcess;
  readonly #running = new Map<string, Running>();
  readonly #commands = new Map<string, Command>();
  /** How the last one of each name exited. */
  readonly #ended = new Map<string, string>();
  /** Those that were sent a signal: their exit is expected. */
  readonly #signalled = new Set<string>();
  #onFailure: (failure: ProcessFailure) => void = () => {};
  readonly #starting = new Map<string, PromiseWithResolvers<number>>();
  #waiting = 0;

  /** Removes the directory when the processes have been killed. `within`: a private network, or the namespaces of a real node. */
  static async start(directory: string, within: Within = {}): Promise<Processes> {
    const [execPath, ...execArgv] = await enclosed(directory, within);
    // In its own session: Ctrl-C in a terminal reaches this process alone, which stops the rest.
    const keeper = fork(keeperProgram, [directory], {
      detached: true,
      execPath,
      execArgv,
      env: withoutProxies(systemPath()),
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const processes = new Processes(directory, keeper);
    await once(keeper, "message");
    // A program that forgets to stop its cluster must exit all the same.
    keeper.unref();
    keeper.channel?.unref();
    return processes;
  }

  private constructor(directory: string, keeper: ChildProcess) {
    this.directory = directory;
    this.#keeper = keeper;
    keeper.on("message", (report: KeeperReport) => this.#handle(report));
    keeper.on("exit", () => {
      const names = [...this.#running.keys(), ...this.#starting.keys()];
      for (const name of names) this.#handle({ what: "exited", name, how: "the keeper exited" });
    });
  }

  /** Starts a program under a name that no running one has; returns its process id. */
  async start(name: string, { command, parameters, env = {} }: Command): Promise<number> {
    if (this.#running.has(name) || this.#starting.has(name)) throw new Error(`${name} is already running`);
    this.#commands.set(name, { command, parameters, env });
    this.#signalled.delete(name);
    const started = Promise.withResolvers<number>();
    this.#starting.set(name, started);
    this.#send({ do: "start", name, command, parameters, env, log: this.logFile(name) });
    return this.#reported(started.promise);
  }

  /** Resolves with how it exited: a signal's name or `exit CODE`. At once if it is not running. */
  exited(name: string): Promise<string> {
    return this.#running.get(name)?.exited ?? Promise.resolve(this.#ended.get(name) ?? "it was not started");
  }

  /** Sends a signal and waits until the process has exited. */
  async kill(name: string, signal: "SIGTERM" | "SIGKILL" = "SIGKILL"): Promise<void> {
    const exited = this.exited(name);
    this.signal(name, signal);
    await this.#reported(exited);
  }

  /** Kills it and starts the same command again. */
  async restart(name: string): Promise<number> {
    const command = this.#commands.get(name);
    if (command === undefined) throw new Error(`${name} was not started`);
    await this.kill(name);
    return this.start(name, command);
  }

  /** Reports, from now on, every process that exits without having been sent a signal. */
  onFailure(report: (failure: ProcessFailure) => void): void {
    this.#onFailure = report;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#signalled.add(name);
    this.#send({ do: "signal", name, signal });
  }

  logFile(name: string): string {
    return join(this.directory, `${name}.log`);
  }

  async failure(name: string, how: string): Promise<ProcessFailure> {
    const log = await readFile(this.logFile(name), "utf8").catch(() => "(no log)");
    return new ProcessFailure(name, how, log.slice(-logTailBytes));
  }

  /** Process ids by name. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#running].map(([name, { pid }]) => [name, pid]));
  }

  get keeperPid(): number | undefined {
    return this.#keeper.pid;
  }

  /** Kills all of them and removes their directory. */
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

  #send(request: KeeperRequest): void {
    this.#keeper.send(request);
  }

  /** Keeps this process running while it waits for a report of the keeper. */
  async #reported<T>(report: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#keeper.channel?.ref();
    try {
      return await report;
    } finally {
      if (--this.#waiting === 0) this.#keeper.channel?.unref();
    }
  }

  #handle(report: KeeperReport): void {
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
        this.#takeStarting(report.name)?.reject(new Error(`${report.name} could not start: ${report.how}`));
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
