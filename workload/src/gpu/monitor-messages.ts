/** Messages between the monitor and its worker thread. */
import type { DmonSample } from "./sampler.ts";
import type { GpuSample, GpusUnavailable } from "./gpu-sample.ts";

export type MonitorMode = "report" | "dmon";

export interface MonitorSetup {
  readonly library: string;
  readonly visibleDevices: string | undefined;
  readonly mode: MonitorMode;
  readonly current: CurrentCall;
}

/** A sample, or why there will never be one. */
export type FromMonitorThread =
  | { readonly kind: "sample"; readonly sample: GpuSample | DmonSample }
  | { readonly kind: "failed"; readonly reason: GpusUnavailable };

/** Shared memory to which the thread writes the name of each NVML call before it makes it. */
export type CurrentCall = Uint8Array;

const longestName = 64;

export function currentCall(): CurrentCall {
  return new Uint8Array(new SharedArrayBuffer(longestName));
}

export function writeCall(current: CurrentCall, name: string): void {
  const bytes = Buffer.from(current.buffer);
  bytes.fill(0, bytes.write(name));
}

/** For messages only: a call that returns at this moment may garble the name. Empty before the first call. */
export function readCall(current: CurrentCall): string {
  const bytes = Buffer.from(current);
  return bytes.toString("utf8", 0, Math.max(bytes.indexOf(0), 0));
}
