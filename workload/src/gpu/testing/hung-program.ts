/** A program for monitor.test.ts that exits while an NVML call hangs. */
import { setTimeout as pause } from "node:timers/promises";
import { openGpuMonitor } from "../monitor.ts";

const [library = ""] = process.argv.slice(2);
const monitor = openGpuMonitor({ library, visibleDevices: undefined, timeoutMs: 500 });
let sample = await monitor.sample();
// On a busy machine the first sample may time out before the thread has made the call that hangs.
while (sample.state !== "unavailable" || !sample.message.startsWith("nvmlDeviceGetPowerUsage")) {
  await pause(5);
  sample = await monitor.sample();
}
process.stdout.write(JSON.stringify(sample));
await monitor.close();
process.exitCode = 3;
