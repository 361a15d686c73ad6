/** The worker thread of a monitor: makes the calls that may hang, for one question after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { type MonitorAnswer, type MonitorSetup, writeCall } from "./monitor-messages.ts";
import { Nvml } from "./nvml-library.ts";
import { Sampler } from "./sampler.ts";

const { library, visibleDevices, wish, current } = workerData as MonitorSetup;
const nvml = Nvml.open(library, (call) => writeCall(current, call));

if (nvml.kind === "failure") {
  const { code, message } = nvml;
  answer({ kind: "over", because: { state: "unavailable", reason: code, message } });
} else {
  const sampler = new Sampler(nvml.value, visibleDevices);
  parentPort?.on("message", () => {
    answer({ kind: "sample", sample: wish === "dmon" ? sampler.sampleForDmon() : sampler.sample() });
  });
}

function answer(message: MonitorAnswer): void {
  parentPort?.postMessage(message);
}
