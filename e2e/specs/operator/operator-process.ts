/** An operator in its own process, and its log. */
import { readFileSync } from "node:fs";
import type { Cluster } from "../../cluster/cluster.ts";
import { startOperator } from "../../cluster/operator.ts";
import { until, type UntilOptions } from "../../cluster/until.ts";

/** The members of a log line that specs read. */
export interface LogLine {
  readonly msg: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly reconcileID?: string;
  readonly child?: string;
  readonly health?: string;
  readonly metrics?: string;
  readonly identity?: string;
  /** The API server's. */
  readonly warning?: string;
}

export interface OperatorProcessOptions {
  readonly operatorNamespace: string;
  /** The namespaces to watch; empty: all. */
  readonly namespaces: readonly string[];
  readonly parameters?: readonly string[];
  /** Default: its service account's. */
  readonly kubeconfig?: string;
  /** Its entry point. Default: that of this tree. */
  readonly program?: string;
  readonly metricsApiAddress?: string;
  readonly nodeParameters?: readonly string[];
}

let started = 0;

export class OperatorProcess implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #name: string;
  readonly #logFile: string;

  /** Starts the process without waiting for anything. */
  static async start(cluster: Cluster, options: OperatorProcessOptions): Promise<OperatorProcess> {
    const { operatorNamespace, namespaces, parameters = [], kubeconfig, metricsApiAddress, program } = options;
    const { nodeParameters = [] } = options;
    const name = `operator-${started++}`;
    const { log } = await startOperator(cluster, {
      name,
      namespace: operatorNamespace,
      nodeParameters,
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

  /** All complete lines so far. */
  get log(): readonly LogLine[] {
    const text = readFileSync(this.#logFile, "utf8");
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a line whose message includes the text. Fails with the log if the process exits first. */
  async untilLogged(text: string, options: UntilOptions = {}): Promise<LogLine> {
    return until(
      `${this.#name} to log "${text}"`,
      () => {
        const line = this.log.find(({ msg }) => msg.includes(text));
        if (line === undefined && !this.running)
          throw new Error(`the process exited: ${readFileSync(this.#logFile, "utf8")}`);
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

  /** How the process exited: `exit 0`, `SIGKILL`. */
  get exited(): Promise<string> {
    return this.#cluster.processes.exited(this.#name);
  }

  /** Stops the process, unless it has exited already, and returns how it exited. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<string> {
    const { exited } = this;
    if (this.running) this.signal(signal);
    return exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}
