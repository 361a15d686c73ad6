/** CPU time of this process over the last 15 seconds. */
import { windowSeconds } from "./window.ts";

interface Sample {
  readonly at: number;
  readonly cpuMs: number;
}

export class ProcessUsage {
  readonly #samples: Sample[] = [];
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor(now: () => number) {
    this.#now = now;
    this.#take();
    this.#timer = setInterval(() => this.#take(), 1000).unref();
  }

  /** 100 % is one core. */
  get cpuPercent(): number {
    const [oldest] = this.#samples;
    const latest = this.#sample();
    if (oldest === undefined || latest.at <= oldest.at) return 0;
    return (100 * (latest.cpuMs - oldest.cpuMs)) / (latest.at - oldest.at);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #take(): void {
    this.#samples.push(this.#sample());
    if (this.#samples.length > windowSeconds) this.#samples.shift();
  }

  #sample(): Sample {
    const { user, system } = process.cpuUsage();
    return { at: this.#now(), cpuMs: (user + system) / 1000 };
  }
}
