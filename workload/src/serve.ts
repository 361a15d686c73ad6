/** Starts and stops the parts of the processor in order. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { workersFor } from "@gpumedia/api/src/picture-memory.ts";
import type { FastifyInstance } from "fastify";
import { createApp } from "./app.ts";
import { cpuLimitCores } from "./config/cpu-limit.ts";
import { memoryLimitBytes } from "./config/memory-limit.ts";
import { readConfig } from "./config/read-config.ts";
import type { Settings } from "./config/settings.ts";
import { readTargets } from "./config/targets-file.ts";
import { watchConfig } from "./config/watch-config.ts";
import { openGpuMonitor } from "./gpu/monitor.ts";
import { namesDevices } from "./gpu/visible-devices.ts";
import { whyNoCuda } from "./inference/cuda.ts";
import { LiveUnusable } from "./live/live.ts";
import { dnsPeers, Peers } from "./live/peer-pods.ts";
import { podTag } from "./live/pod-tag.ts";
import { listen } from "./listen.ts";
import { UnusedConnections } from "./connections.ts";
import type { Logger } from "./process/log.ts";
import type { RouteContext } from "./routes/route.ts";
import { WorkerPipeline } from "./pipeline/worker-pipeline.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** The processor cannot start, or cannot go on; the message is one line. */
export class CannotStart extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = "CannotStart";
    this.exitCode = exitCode;
  }
}

/** Sessions continue until `drain.timeout`; then their last frames are answered and they are closed. */
const closeSessionsMs = 2500;

const exitCodes = { failed: 1, accelerator: 3, model: 4 } as const;

export interface Processor {
  readonly app: FastifyInstance;
  readonly url: string;
  /** Shuts down gracefully; false if requests were still in flight after `drain.timeout`. */
  stop(): Promise<boolean>;
  /** Rejects when the processor cannot work any more, so that only a new process can; never resolves. */
  readonly failed: Promise<never>;
  /** Applies the settings that may change at run time; `config` is the file's new text. */
  reload(config: string): void;
}

export interface ServeOptions {
  readonly settings: Settings;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file of the settings, to be watched. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  /** Replaces the addresses of `live.peers` in tests. */
  readonly peers?: Peers;
  /** Overrides the workers' program in tests. */
  readonly workerProgram?: URL;
}

/** Listens at once, so that it answers probes while the model loads. @throws {CannotStart} */
export async function serve(options: ServeOptions): Promise<Processor> {
  const { settings, log, env, file, workerProgram } = options;
  const peers = options.peers ?? peersOf(settings, env, log);
  const onCuda = settings.accelerator === "cuda";
  // An allocated GPU is reported even if the model runs on the CPU: no other pod can use it.
  const gpu = onCuda || namesDevices(env["NVIDIA_VISIBLE_DEVICES"]) ? openGpuMonitor() : undefined;
  const missing = onCuda && gpu !== undefined ? await whyNoCuda(gpu) : undefined;
  if (missing !== undefined) {
    await gpu?.close();
    throw new CannotStart(exitCodes.accelerator, missing);
  }
  const cores = cpuLimitCores();
  const telemetry = new Telemetry({
    log,
    gpu,
    readings: {
      active: () => pipeline.active,
      queued: () => pipeline.queued,
      workers: () => pipeline.workers,
      ready: () => pipeline.ready,
      targets: () => readTargets(file?.path),
    },
  });
  const pipeline = new WorkerPipeline({
    settings,
    memoryBytes: memoryLimitBytes(),
    workers: settings.workers === 0 ? workersFor(cores) : settings.workers,
    observer: telemetry,
    ...(workerProgram === undefined ? {} : { program: workerProgram }),
  });

  let draining = false;
  const drainListeners: (() => void)[] = [];
  const context: RouteContext = {
    pipeline,
    settings,
    telemetry,
    draining: () => draining,
    onDrain: (listener) => drainListeners.push(listener),
    peers,
    processorState: () => ({
      accelerator: settings.accelerator,
      model: settings.model.name,
      ready: pipeline.ready && !draining,
      active: pipeline.active,
      queued: pipeline.queued,
      queueLimit: settings.queue.maxDepth,
      cpuLimitCores: cores,
      workers: pipeline.workers,
    }),
  };

  const reload = (text: string): void => applyReload(settings, text, env, log);
  const watch = file && watchConfig(file.path, file.text, reload);
  const cleanup = periodicCleanup(settings, pipeline);
  const release = async (): Promise<void> => {
    watch?.close();
    clearInterval(cleanup);
    telemetry.close();
    await pipeline.close();
    await gpu?.close();
  };

  const failed = pipeline.failed.then((reason): never => {
    const message = `${settings.model.name} failed in all workers and in those that replaced them: ${reason}`;
    throw new CannotStart(exitCodes.failed, message);
  });
  failed.catch(() => undefined);

  let app: FastifyInstance | undefined;
  let url: string;
  let unused: UnusedConnections;
  try {
    app = await createApp(context, log);
    unused = new UnusedConnections(app.server);
    url = await listen(app, settings.listen);
    await Promise.race([pipeline.started, failed]);
  } catch (error) {
    await app?.close();
    await release();
    throw startFailure(error, settings);
  }
  const running = app;
  return {
    app: running,
    url,
    failed: failed.catch(async (error: unknown): Promise<never> => {
      running.server.closeAllConnections();
      await release();
      throw error;
    }),
    reload,
    async stop() {
      draining = true;
      for (const listener of drainListeners) listener();
      await pause(settings.drain.delayMs);
      const timeout = AbortSignal.timeout(settings.drain.timeoutMs + closeSessionsMs);
      const inTime = await Promise.race([ended(running, unused, pipeline), aborted(timeout)]);
      if (!inTime) running.server.closeAllConnections();
      await release();
      return inTime;
    },
  };
}

const idleSweepMs = 50;

/** Stops accepting connections, then requests, then waits for the requests in flight. */
async function ended(app: FastifyInstance, unused: UnusedConnections, pipeline: WorkerPipeline): Promise<true> {
  // A connection that was busy on close becomes idle after its response and would be kept open: the process would run for as
  // long as its clients do.
  const sweep = setInterval(() => {
    app.server.closeIdleConnections();
    unused.close();
  }, idleSweepMs);
  await app.close();
  clearInterval(sweep);
  await pipeline.drain();
  return true;
}

async function aborted(signal: AbortSignal): Promise<false> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return false;
}

/** @throws {CannotStart} */
function peersOf({ live, listen }: Settings, env: ServeOptions["env"], log: Logger): Peers | undefined {
  if (!live.enabled || live.peers === "") return undefined;
  const address = env["GPUMEDIA_POD_IP"] ?? "";
  if (address === "") {
    log.warn("live.peers is set without GPUMEDIA_POD_IP, the address of this pod: nothing is forwarded to other pods");
    return undefined;
  }
  if (isIP(address) === 0) throw new CannotStart(exitCodes.failed, `GPUMEDIA_POD_IP: ${address} is no IP address`);
  const resolve = dnsPeers({ name: live.peers, httpPort: listen.port, udpPort: live.udpPort });
  return new Peers({ ownTag: podTag(address), resolve });
}

function startFailure(error: unknown, { model, listen }: Settings): CannotStart {
  if (error instanceof CannotStart) return error;
  if (error instanceof LiveUnusable) return new CannotStart(exitCodes.failed, error.message);
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === "ModelUnusable") {
    const { reason } = error as { reason?: keyof typeof exitCodes };
    return new CannotStart(
      exitCodes[reason ?? "model"],
      `model ${model.name} (${model.file}) cannot be used: ${message}`,
    );
  }
  if (code === "EADDRINUSE" || code === "EACCES" || code === "EADDRNOTAVAIL") {
    return new CannotStart(1, `cannot listen on ${listen.host ?? ""}:${listen.port}: ${code}`);
  }
  throw error;
}

function applyReload(settings: Settings, text: string, env: ServeOptions["env"], log: Logger): void {
  const reading = readConfig(text, env);
  if (reading.kind === "wrong") {
    log.error({ invalid: reading.values }, "the changed configuration is invalid; keeping the previous one");
    return;
  }
  const { logLevel, queue, batch, live } = reading.settings;
  const { publicAddresses, publicPort } = live;
  Object.assign(settings, { logLevel, queue, batch });
  // A load balancer's address is known only when the pods are already running.
  Object.assign(settings.live, { publicAddresses, publicPort });
  log.level = logLevel;
  log.info({ logLevel, queue, batch, live: { publicAddresses, publicPort } }, "configuration reloaded");
}

/** The guide's `torch.cuda.empty_cache()`, while the processor is idle. */
function periodicCleanup({ memoryCleanupIntervalMs }: Settings, pipeline: WorkerPipeline): NodeJS.Timeout | undefined {
  if (memoryCleanupIntervalMs === 0) return undefined;
  return setInterval(() => pipeline.releaseMemory(), memoryCleanupIntervalMs).unref();
}

/** The settings of a file and the environment, or one line per invalid value. */
export function loadSettings(path: string | undefined, env: ServeOptions["env"]) {
  let text = "";
  try {
    if (path !== undefined) text = readFileSync(path, "utf8");
  } catch (error) {
    return { kind: "wrong" as const, lines: [`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`] };
  }
  const reading = readConfig(text, env);
  if (reading.kind === "settings") return { ...reading, text };
  return {
    kind: "wrong" as const,
    lines: reading.values.map(({ path: member, message }) => (member === "" ? message : `${member}: ${message}`)),
  };
}
