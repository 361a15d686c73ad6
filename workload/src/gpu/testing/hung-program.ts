/** A program for monitor.test.ts that exits while an NVML call hangs. */
import { openGpuMonitor } from "../monitor.ts";

const [library = ""] = process.argv.slice(2);
const monitor = openGpuMonitor({ library, visibleDevices: undefined, timeoutMs: 500 });
const sample = await monitor.sample();
process.stdout.write(JSON.stringify(sample));
await monitor.close();
process.exitCode = 3;
