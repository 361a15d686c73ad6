/**
 * One container as a process: started, probed, restarted, stopped.
 *
 *     waiting ──start──▶ running ──exit──▶ terminated ──restartPolicy──▶ waiting (CrashLoopBackOff) ──▶ running
 *                           │ liveness fails, or the pod is deleted: preStop, SIGTERM, grace period, SIGKILL
 *                           ▼
 *                       terminated
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dyingWithParent } from "../parent-death.ts";
import type { ContainerSpec, Pod, Probe } from "./pod-spec.ts";
import { paused, verdicts } from "./probe.ts";
import { terminationMessage } from "./termination-message.ts";

export interface ContainerPlan {
  readonly spec: ContainerSpec;
  readonly podIP: string;
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly logFile: string;
  /** The container's /dev/termination-log. */
  readonly messageFile: string;
  readonly restartPolicy: Pod["spec"]["restartPolicy"];
  readonly graceSeconds: number;
  /** Before the second restart; doubled each time. */
  readonly backOffMs: number;
}

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

interface Terminated {
  readonly exitCode: number;
  readonly reason: "Completed" | "Error";
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly message?: string;
  readonly signal?: number;
}

/** As the kubelet's. */
const longestBackOffMs = 300_000;
/** After this time without an exit the back-off is reset. */
const healthyMs = 600_000;

export class Container {
  readonly plan: ContainerPlan;
  state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  lastState: ContainerState | undefined;
  restartCount = 0;
  ready = false;
  started = false;
  /** It will not run again. */
  isOver = false;
  #child: ChildProcess | undefined;
  #endingRun: Promise<void> | undefined;
  readonly #ending = new AbortController();
  #over: Promise<void> | undefined;

  constructor(plan: ContainerPlan) {
    this.plan = plan;
  }

  /** Of its present run, and when that started; undefined while none runs. */
  get process(): { readonly pid: number; readonly startedAt: string } | undefined {
    const pid = this.#child?.pid;
    return pid !== undefined && "running" in this.state ? { pid, startedAt: this.state.running.startedAt } : undefined;
  }

  start(): void {
    this.#over = this.#run().then(() => void (this.isOver = true));
  }

  /** Stops it for good, within the grace period; 0 s is at once. A second call can only shorten it. */
  async end(graceSeconds: number): Promise<void> {
    this.#ending.abort();
    if (graceSeconds === 0) this.#kill("SIGKILL");
    else await this.#endRun(graceSeconds);
    await this.#over;
  }

  async #run(): Promise<void> {
    for (let exits = 0; ;) {
      const startedAtMs = Date.now();
      const ended = await this.#runOnce();
      const mayRestart = !this.#ending.signal.aborted && this.#isToRestart(ended);
      this.state = { terminated: ended };
      if (!mayRestart) return;
      if (Date.now() - startedAtMs > healthyMs) exits = 0;
      const backOffMs = exits === 0 ? 0 : Math.min(this.plan.backOffMs * 2 ** (exits - 1), longestBackOffMs);
      exits++;
      this.lastState = this.state;
      if (backOffMs > 0) {
        const message = `back-off ${backOffMs / 1000}s restarting failed container=${this.plan.spec.name}`;
        this.state = { waiting: { reason: "CrashLoopBackOff", message } };
        await paused(backOffMs, this.#ending.signal);
        if (this.#ending.signal.aborted) {
          this.state = this.lastState;
          return;
        }
      }
      this.restartCount++;
    }
  }

  #isToRestart({ exitCode }: Terminated): boolean {
    const { restartPolicy } = this.plan;
    return restartPolicy === "Always" || (restartPolicy === "OnFailure" && exitCode !== 0);
  }

  /** From its start to its exit. */
  async #runOnce(): Promise<Terminated> {
    const { spec, command, environment, directory, logFile, messageFile } = this.plan;
    const startedAt = now();
    writeFileSync(messageFile, "");
    const log = openSync(logFile, "a");
    const [program, ...parameters] = dyingWithParent(command);
    // A process group: what the first process has started is killed with it, as in a container.
    const child = spawn(program, parameters, {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#child = child;
    this.#endingRun = undefined;
    this.state = { running: { startedAt } };
    const exited = new AbortController();
    void this.#probe(exited.signal);
    const { code, signal } = await exitOf(child);
    exited.abort();
    this.#kill("SIGKILL");
    this.#child = undefined;
    this.ready = false;
    this.started = false;
    const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    const message = terminationMessage({
      file: messageFile,
      logFile,
      fallBackToLog: spec.terminationMessagePolicy === "FallbackToLogsOnError" && exitCode !== 0,
    });
    return {
      exitCode,
      reason: exitCode === 0 ? "Completed" : "Error",
      startedAt,
      finishedAt: now(),
      ...(message === "" ? {} : { message }),
      ...(signal === null ? {} : { signal: constants.signals[signal] }),
    };
  }

  /** Until the process has exited: a pod that shuts down stays in the EndpointSlices as long as it is ready. */
  async #probe(exited: AbortSignal): Promise<void> {
    const { startupProbe, readinessProbe, livenessProbe } = this.plan.spec;
    if (startupProbe !== undefined && !(await this.#passesOnce(startupProbe, exited))) return;
    if (exited.aborted) return;
    this.started = true;
    this.ready = readinessProbe === undefined;
    const readiness = async (): Promise<void> => {
      if (readinessProbe === undefined) return;
      for await (const passed of this.#verdicts(readinessProbe, exited)) this.ready = passed;
    };
    const liveness = async (): Promise<void> => {
      if (livenessProbe === undefined) return;
      for await (const passed of this.#verdicts(livenessProbe, exited)) if (!passed) this.#endUnlessEnding();
    };
    await Promise.all([readiness(), liveness()]);
  }

  async #passesOnce(probe: Probe, exited: AbortSignal): Promise<boolean> {
    for await (const passed of this.#verdicts(probe, exited)) {
      if (passed) return true;
      this.#endUnlessEnding();
    }
    return false;
  }

  #verdicts(probe: Probe, exited: AbortSignal): AsyncGenerator<boolean> {
    const { podIP, spec } = this.plan;
    return verdicts(probe, { podIP, ports: spec.ports ?? [] }, exited);
  }

  #endUnlessEnding(): void {
    if (!this.#ending.signal.aborted) void this.#endRun(this.plan.graceSeconds);
  }

  /** preStop counts as part of the grace period. */
  async #endRun(graceSeconds: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#endingRun ??= this.#signalRun(child, graceSeconds);
    await this.#endingRun;
  }

  async #signalRun(child: ChildProcess, graceSeconds: number): Promise<void> {
    const exited = new AbortController();
    child.once("exit", () => exited.abort());
    const deadline = setTimeout(() => this.#kill("SIGKILL"), graceSeconds * 1000);
    await this.#preStop(exited.signal);
    if (!exited.signal.aborted) child.kill("SIGTERM");
    if (!exited.signal.aborted) await once(exited.signal, "abort");
    clearTimeout(deadline);
  }

  async #preStop(exited: AbortSignal): Promise<void> {
    const { sleep, exec } = this.plan.spec.lifecycle?.preStop ?? {};
    if (sleep !== undefined) await paused(sleep.seconds * 1000, exited);
    if (exec === undefined) return;
    const [program = "", ...parameters] = exec.command;
    const { directory, environment } = this.plan;
    const hook = spawn(program, parameters, { cwd: directory, env: environment, stdio: "ignore", signal: exited });
    await exitOf(hook);
  }

  #kill(signal: "SIGKILL"): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group has ended.
    }
  }
}

/** As in a shell, a program that can't be started exits with 127. */
async function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: 127, signal: null }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

/** A time in the API server's format. */
function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
