/** What the monitor and its worker thread say to each other. */
import type { DmonSample } from "./sampler.ts";
import type { GpuSample, GpusUnavailable } from "./gpu-sample.ts";

export type MonitorWish = "report" | "dmon";

export interface MonitorSetup {
  readonly library: string;
  readonly visibleDevices: string | undefined;
  readonly wish: MonitorWish;
  readonly current: CurrentCall;
}

/** From the thread: the answer to one question, or why there will never be one. */
export type MonitorAnswer =
  | { readonly kind: "sample"; readonly sample: GpuSample | DmonSample }
  | { readonly kind: "over"; readonly because: GpusUnavailable };

/** Shared memory in which the thread writes the name of each NVML call before it makes it. */
export type CurrentCall = Uint8Array;

const longestName = 64;

export function currentCall(): CurrentCall {
  return new Uint8Array(new SharedArrayBuffer(longestName));
}

export function writeCall(current: CurrentCall, name: string): void {
  const bytes = Buffer.from(current.buffer);
  bytes.fill(0, bytes.write(name));
}

/** Meant for messages: a call that ends at this moment may garble it. */
export function readCall(current: CurrentCall): string {
  const bytes = Buffer.from(current);
  return bytes.toString("utf8", 0, Math.max(bytes.indexOf(0), 0));
}
