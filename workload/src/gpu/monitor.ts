/**
 * Samples the GPUs that this process may use, without ever blocking it.
 *
 *   idle ──sample──▶ pending ──response──▶ idle
 *                      │  ▲ sample: all callers share the pending response
 *                      │ timeout
 *                      ▼
 *                   hanging ──response──▶ idle
 *                      ▲ sample: NOT_ANSWERING at once
 *
 * NVML calls the driver by ioctl. On a GPU that has fallen off the bus, such a call can block its thread for minutes or
 * for ever. So a separate thread makes the calls, for one sample at a time.
 */
import { Worker } from "node:worker_threads";
import { ExitPastHungCall } from "../process/exit-past-hung-call.ts";
import type { GpuSample, GpusUnavailable } from "./gpu-sample.ts";
import {
  currentCall,
  type FromMonitorThread,
  type MonitorSetup,
  type MonitorMode,
  readCall,
} from "./monitor-messages.ts";
import { nvmlSoname } from "./nvml-library.ts";
import type { DmonSample } from "./sampler.ts";

export interface GpuMonitor<Sample = GpuSample> {
  /** Resolves within the timeout and never rejects: what cannot be read is `unavailable`, with the reason. */
  sample(): Promise<Sample>;
  close(): Promise<void>;
}

export interface MonitorOptions {
  /** Default: `libnvidia-ml.so.1`, as the loader finds it. */
  readonly library?: string;
  /** Default: the environment's `NVIDIA_VISIBLE_DEVICES`. */
  readonly visibleDevices?: string | undefined;
  /** How long one sample may take; a healthy GPU needs a few ms, and some seconds if the driver has to start. */
  readonly timeoutMs?: number;
}

export function openGpuMonitor(options: MonitorOptions = {}): GpuMonitor {
  return new ThreadMonitor<GpuSample>("report", options);
}

/** As `openGpuMonitor`, with the figures that `nvidia-smi dmon` shows. */
export function openDmonMonitor(options: MonitorOptions = {}): GpuMonitor<DmonSample> {
  return new ThreadMonitor<DmonSample>("dmon", options);
}

interface PendingSample<Sample> {
  readonly response: Promise<Sample | GpusUnavailable>;
  readonly resolve: (sample: Sample | GpusUnavailable) => void;
  hanging: boolean;
}

class ThreadMonitor<Sample extends GpuSample | DmonSample> implements GpuMonitor<Sample | GpusUnavailable> {
  readonly #worker: Worker;
  readonly #current = currentCall();
  readonly #timeoutMs: number;
  readonly #exit = new ExitPastHungCall();
  #pending: PendingSample<Sample> | undefined;
  /** Why there will be no more samples. */
  #failed: GpusUnavailable | undefined;

  constructor(mode: MonitorMode, options: MonitorOptions) {
    this.#timeoutMs = options.timeoutMs ?? 5000;
    const setup: MonitorSetup = {
      library: options.library ?? nvmlSoname,
      visibleDevices: "visibleDevices" in options ? options.visibleDevices : process.env["NVIDIA_VISIBLE_DEVICES"],
      mode,
      current: this.#current,
    };
    this.#worker = new Worker(new URL("monitor-thread.ts", import.meta.url), {
      workerData: setup,
      name: "gpu-monitor",
    });
    // `unref` comes after the listeners, which would keep the process alive again.
    this.#worker.on("message", (message: FromMonitorThread) => this.#onMessage(message));
    this.#worker.on("error", (error) => this.#fail(unavailable("MONITOR_FAILED", `GPU monitor: ${error.message}`)));
    this.#worker.on("exit", () => this.#fail(unavailable("MONITOR_FAILED", "the GPU monitor has exited")));
    this.#worker.unref();
  }

  async sample(): Promise<Sample | GpusUnavailable> {
    if (this.#failed !== undefined) return this.#failed;
    if (this.#pending?.hanging === true) return this.#notResponding();
    this.#pending ??= this.#request();
    return this.#pending.response;
  }

  async close(): Promise<void> {
    const hanging = this.#pending?.hanging === true;
    this.#fail(unavailable("MONITOR_FAILED", "the GPU monitor is closed"));
    // A thread in a hung call cannot be terminated, and waiting for it would hang the shutdown, too.
    if (!hanging) await this.#worker.terminate();
  }

  #request(): PendingSample<Sample> {
    const { promise, resolve } = Promise.withResolvers<Sample | GpusUnavailable>();
    const timer = setTimeout(() => {
      pending.hanging = true;
      void this.#exit.arm();
      resolve(this.#notResponding());
    }, this.#timeoutMs);
    const pending: PendingSample<Sample> = {
      response: promise,
      resolve: (sample) => {
        clearTimeout(timer);
        resolve(sample);
      },
      hanging: false,
    };
    this.#worker.postMessage("sample");
    return pending;
  }

  #onMessage(message: FromMonitorThread): void {
    if (message.kind === "failed") {
      this.#fail(message.reason);
      return;
    }
    this.#exit.disarm();
    this.#pending?.resolve(message.sample as Sample);
    this.#pending = undefined;
  }

  #fail(reason: GpusUnavailable): void {
    this.#failed ??= reason;
    this.#pending?.resolve(this.#failed);
    if (this.#pending?.hanging !== true) this.#pending = undefined;
  }

  #notResponding(): GpusUnavailable {
    const call = readCall(this.#current) || "the GPU monitor";
    return unavailable("NOT_ANSWERING", `${call} has not returned within ${this.#timeoutMs} ms`);
  }
}

function unavailable(reason: string, message: string): GpusUnavailable {
  return { state: "unavailable", reason, message };
}
