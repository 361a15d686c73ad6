/** An operator in a process of its own, and what it says in its log. */
import { readFileSync } from "node:fs";
import type { Cluster } from "../../cluster/cluster.ts";
import { startOperator } from "../../cluster/operator.ts";
import { until, type UntilOptions } from "../../cluster/until.ts";

/** A line of the log, as far as specs read it. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly reconcileID?: string;
  readonly child?: string;
  readonly health?: string;
  readonly metrics?: string;
  readonly identity?: string;
}

export interface OperatorProcessOptions {
  readonly operatorNamespace: string;
  /** The namespaces that it looks after; empty: all. */
  readonly namespaces: readonly string[];
  readonly parameters?: readonly string[];
  /** Instead of its service account's, e.g. that of a fault proxy in front of it. */
  readonly kubeconfig?: string;
  /** Its entry point, where it is not this tree's. */
  readonly program?: string;
  readonly metricsApiAddress?: string;
}

let started = 0;

export class OperatorProcess implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #name: string;
  readonly #logFile: string;

  /** Started, and nothing more. */
  static async start(cluster: Cluster, options: OperatorProcessOptions): Promise<OperatorProcess> {
    const { operatorNamespace, namespaces, parameters = [], kubeconfig, metricsApiAddress, program } = options;
    const name = `operator-${started++}`;
    const { log } = await startOperator(cluster, {
      name,
      namespace: operatorNamespace,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(program === undefined ? {} : { program }),
      ...(metricsApiAddress === undefined ? {} : { metricsApiAddress }),
      parameters: [
        ...(namespaces.length === 0 ? [] : [`--namespaces=${namespaces.join(",")}`]),
        "--health-address=127.0.0.1:0",
        "--metrics-address=127.0.0.1:0",
        ...parameters,
      ],
    });
    return new OperatorProcess(cluster, name, log);
  }

  private constructor(cluster: Cluster, name: string, logFile: string) {
    this.#cluster = cluster;
    this.#name = name;
    this.#logFile = logFile;
  }

  /** All whole lines so far. */
  get log(): readonly LogLine[] {
    const text = readFileSync(this.#logFile, "utf8");
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a line with these words. Fails with the log when the process ends before it. */
  async says(words: string, options: UntilOptions = {}): Promise<LogLine> {
    return until(
      `${this.#name} to say "${words}"`,
      () => {
        const line = this.log.find(({ msg }) => msg.includes(words));
        if (line === undefined && !this.running) throw new Error(`it ended: ${readFileSync(this.#logFile, "utf8")}`);
        return line;
      },
      { everyMs: 20, ...options },
    );
  }

  get running(): boolean {
    return this.#name in this.#cluster.processes.pids;
  }

  signal(signal: NodeJS.Signals): void {
    this.#cluster.processes.signal(this.#name, signal);
  }

  /** How it ended: `exit 0`, `SIGKILL`. */
  get ended(): Promise<string> {
    return this.#cluster.processes.exited(this.#name);
  }

  /** Ends it and says how it ended; one that has ended already is fine. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<string> {
    const { ended } = this;
    if (this.running) this.signal(signal);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}
