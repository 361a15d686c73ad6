/**
 * The figures of the GPUs that this process may use, without ever blocking it.
 *
 *   idle ──sample──▶ asked ──answer──▶ idle
 *                      │  ▲ sample: the same answer for all who ask meanwhile
 *                      │ no answer in time
 *                      ▼
 *                   hanging ──answer──▶ idle
 *                      ▲ sample: NOT_ANSWERING at once, nothing is asked
 *
 * NVML goes to the driver by ioctl. On a GPU that has fallen off the bus such a call can hang for minutes or for ever,
 * and its thread with it: so a thread of its own makes them, and there is one question at a time.
 */
import { Worker } from "node:worker_threads";
import { ExitPastHungCall } from "../exit-past-hung-call.ts";
import type { GpuSample, GpusUnavailable } from "./gpu-sample.ts";
import { currentCall, type MonitorAnswer, type MonitorSetup, type MonitorWish, readCall } from "./monitor-messages.ts";
import { nvmlSoname } from "./nvml-library.ts";
import type { DmonSample } from "./sampler.ts";

export interface GpuMonitor<Sample = GpuSample> {
  /** Never rejects: what cannot be told is `unavailable` with the reason, and it answers within the timeout. */
  sample(): Promise<Sample>;
  close(): Promise<void>;
}

export interface MonitorOptions {
  /** Default: `libnvidia-ml.so.1`, wherever the loader finds it. */
  readonly library?: string;
  /** Default: the environment's `NVIDIA_VISIBLE_DEVICES`. */
  readonly visibleDevices?: string | undefined;
  /** How long one sample may take; a healthy GPU needs a few ms, the first with the driver's start some seconds. */
  readonly timeoutMs?: number;
}

export function openGpuMonitor(options: MonitorOptions = {}): GpuMonitor {
  return new ThreadMonitor<GpuSample>("report", options);
}

/** As `openGpuMonitor`, with the figures that `nvidia-smi dmon` shows. */
export function openDmonMonitor(options: MonitorOptions = {}): GpuMonitor<DmonSample> {
  return new ThreadMonitor<DmonSample>("dmon", options);
}

interface Question<Sample> {
  readonly answered: Promise<Sample | GpusUnavailable>;
  readonly answer: (sample: Sample | GpusUnavailable) => void;
  hanging: boolean;
}

class ThreadMonitor<Sample extends GpuSample | DmonSample> implements GpuMonitor<Sample | GpusUnavailable> {
  readonly #worker: Worker;
  readonly #current = currentCall();
  readonly #timeoutMs: number;
  readonly #exit = new ExitPastHungCall();
  #question: Question<Sample> | undefined;
  /** Why no question will ever be answered. */
  #over: GpusUnavailable | undefined;

  constructor(wish: MonitorWish, options: MonitorOptions) {
    this.#timeoutMs = options.timeoutMs ?? 5000;
    const setup: MonitorSetup = {
      library: options.library ?? nvmlSoname,
      visibleDevices: "visibleDevices" in options ? options.visibleDevices : process.env["NVIDIA_VISIBLE_DEVICES"],
      wish,
      current: this.#current,
    };
    this.#worker = new Worker(new URL("monitor-thread.ts", import.meta.url), {
      workerData: setup,
      name: "gpu-monitor",
    });
    // Listeners keep a process alive as the thread itself would; figures are no reason to stay.
    this.#worker.on("message", (answer: MonitorAnswer) => this.#onAnswer(answer));
    this.#worker.on("error", (error) => this.#end(unavailable("MONITOR_FAILED", `GPU monitor: ${error.message}`)));
    this.#worker.on("exit", () => this.#end(unavailable("MONITOR_FAILED", "the GPU monitor has ended")));
    this.#worker.unref();
  }

  async sample(): Promise<Sample | GpusUnavailable> {
    if (this.#over !== undefined) return this.#over;
    if (this.#question?.hanging === true) return this.#notAnswering();
    this.#question ??= this.#ask();
    return this.#question.answered;
  }

  async close(): Promise<void> {
    const hanging = this.#question?.hanging === true;
    this.#end(unavailable("MONITOR_FAILED", "the GPU monitor is closed"));
    // A thread inside a hung call cannot be ended, and to wait for it would hang the shutdown as well.
    if (!hanging) await this.#worker.terminate();
  }

  #ask(): Question<Sample> {
    const { promise, resolve } = Promise.withResolvers<Sample | GpusUnavailable>();
    const timer = setTimeout(() => {
      question.hanging = true;
      void this.#exit.arm();
      resolve(this.#notAnswering());
    }, this.#timeoutMs);
    const answer = (sample: Sample | GpusUnavailable): void => {
      clearTimeout(timer);
      resolve(sample);
    };
    const question: Question<Sample> = { answered: promise, answer, hanging: false };
    this.#worker.postMessage("sample");
    return question;
  }

  #onAnswer(answer: MonitorAnswer): void {
    if (answer.kind === "over") {
      this.#end(answer.because);
      return;
    }
    this.#exit.disarm();
    this.#question?.answer(answer.sample as Sample);
    this.#question = undefined;
  }

  #end(because: GpusUnavailable): void {
    this.#over ??= because;
    this.#question?.answer(this.#over);
    if (this.#question?.hanging !== true) this.#question = undefined;
  }

  #notAnswering(): GpusUnavailable {
    const call = readCall(this.#current);
    return unavailable("NOT_ANSWERING", `${call} has not answered within ${this.#timeoutMs} ms`);
  }
}

function unavailable(reason: string, message: string): GpusUnavailable {
  return { state: "unavailable", reason, message };
}
