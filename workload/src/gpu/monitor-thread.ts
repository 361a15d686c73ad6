/** The worker thread of a monitor: makes the calls that may hang, one sample at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { type FromMonitorThread, type MonitorSetup, writeCall } from "./monitor-messages.ts";
import { Nvml } from "./nvml-library.ts";
import { Sampler } from "./sampler.ts";

const { library, visibleDevices, mode, current } = workerData as MonitorSetup;
const nvml = Nvml.open(library, (call) => writeCall(current, call));

if (nvml.kind === "failure") {
  const { code, message } = nvml;
  post({ kind: "failed", reason: { state: "unavailable", reason: code, message } });
} else {
  const sampler = new Sampler(nvml.value, visibleDevices);
  parentPort?.on("message", () => {
    post({ kind: "sample", sample: mode === "dmon" ? sampler.sampleForDmon() : sampler.sample() });
  });
}

function post(message: FromMonitorThread): void {
  parentPort?.postMessage(message);
}
