import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Context } from "mocha";
import { CommanderError } from "commander";
import type { GpuIdentity } from "../gpu-sample.ts";
import { type GpuMonitor, openDmonMonitor } from "../monitor.ts";
import type { DmonSample } from "../sampler.ts";
import { mockDriver, mockGpu } from "../testing/mock-driver.ts";
import { dmon, dmonCommand, type DmonOptions } from "./dmon.ts";

const soon: DmonOptions = { select: ["p"], delaySeconds: 0.001, count: 3 };
const gpu: GpuIdentity = { index: 0, uuid: "GPU-a", name: "NVIDIA L4", mig: null };

/** A monitor that returns these samples, and fails the test when there are no more. */
function playing(...samples: DmonSample[]): GpuMonitor<DmonSample> {
  const next = samples.values();
  return {
    sample: async () => next.next().value ?? assert.fail("no more samples"),
    close: async () => undefined,
  };
}

async function watch(monitor: GpuMonitor<DmonSample>, options: DmonOptions, interrupt = new AbortController()) {
  const printed: string[] = [];
  const warnings: string[] = [];
  const status = await dmon(monitor, options, {
    print: (text) => printed.push(text),
    warn: (text) => warnings.push(text),
    interrupt: interrupt.signal,
  });
  return { status, printed, warnings };
}

function unavailable(reason: string, message: string): DmonSample {
  return { state: "unavailable", reason, message };
}

const header = ["# gpu    pwr  gtemp  mtemp", "# Idx      W      C      C"];
const dashes = "    0      -      -      -";

const program = fileURLToPath(new URL("../../main.ts", import.meta.url));

describe("gpumedia-processor dmon", () => {
  it("prints figures from the library on LD_LIBRARY_PATH, as a program", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ gpus: [mockGpu(0)] });
    const env = { ...process.env, LD_LIBRARY_PATH: dirname(mock.library) };
    const { stdout } = await promisify(execFile)(process.execPath, [program, "dmon", "-s", "p", "-c", "1"], { env });
    assert.equal(stdout, `${header.join("\n")}\n    0     17     38      -\n`);
  });

  it("exits with status 2 for invalid arguments, as a program", async () => {
    await assert.rejects(promisify(execFile)(process.execPath, [program, "dmon", "-s", "x"]), {
      code: 2,
      stderr:
        "gpumedia-processor dmon: option '-s, --select <groups>' argument 'x' is invalid. Unknown group \"x\", expected letters of pucvmet.\n",
    });
  });

  it("prints the mock's figures", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ gpus: [mockGpu(0, { "memory-temperature-celsius": 44 }), mockGpu(1, { "power-milliwatts": 70_600 })] });
    const monitor = openDmonMonitor({ library: mock.library, visibleDevices: undefined, timeoutMs: 100_000 });
    const { status, printed, warnings } = await watch(monitor, { ...soon, count: 1, select: ["p", "c", "e", "m"] });
    await monitor.close();
    assert.deepEqual(
      { status, printed, warnings },
      {
        status: 0,
        printed: [
          "# gpu    pwr  gtemp  mtemp   mclk   pclk  sbecc  dbecc    pci     fb   bar1   ccpm",
          "# Idx      W      C      C    MHz    MHz   errs   errs   errs     MB     MB     MB",
          "    0     17     38     44    405    210      0      0      0    512      1      -",
          "    1     71     38      -    405    210      0      0      0    512      1      -",
        ],
        warnings: [],
      },
    );
  });

  it("repeats the header every 20 lines", async () => {
    const lost: DmonSample = { state: "available", readings: [{ identity: gpu, figures: null }] };
    const { printed } = await watch(playing(...Array.from({ length: 41 }, () => lost)), { ...soon, count: 41 });
    const twenty = Array.from({ length: 20 }, () => dashes);
    assert.deepEqual(printed, [...header, ...twenty, ...header, ...twenty, ...header, dashes]);
  });

  it("exits with status 1 if there is no library", async () => {
    const { status, warnings } = await watch(playing(unavailable("LIBRARY_NOT_FOUND", "no such library")), soon);
    assert.deepEqual({ status, warnings }, { status: 1, warnings: ["no such library"] });
  });

  it("waits for the driver with one warning, and exits with status 1 if it is never loaded", async () => {
    const { status, warnings } = await watch(
      playing(
        unavailable("DRIVER_NOT_LOADED", "not loaded"),
        unavailable("DRIVER_NOT_LOADED", "not loaded"),
        unavailable("NOT_ANSWERING", "hangs"),
      ),
      soon,
    );
    assert.deepEqual({ status, warnings }, { status: 1, warnings: ["not loaded", "hangs"] });
  });

  it("exits with status 0 on a signal, without waiting for the interval", async () => {
    const interrupt = new AbortController();
    const monitor: GpuMonitor<DmonSample> = {
      sample: async () => {
        setImmediate(() => interrupt.abort());
        return { state: "available", readings: [{ identity: gpu, figures: null }] };
      },
      close: async () => undefined,
    };
    const { status, printed } = await watch(monitor, { ...soon, delaySeconds: 3600 }, interrupt);
    assert.deepEqual({ status, printed }, { status: 0, printed: [...header, dashes] });
  });

  const invalid: readonly { readonly flags: readonly string[]; readonly message: RegExp }[] = [
    { flags: ["-s", "px"], message: /'px' is invalid\. Unknown group "x", expected letters of pucvmet\./ },
    { flags: ["-d", "0"], message: /'0' is invalid\. Expected a number of seconds above 0 and at most 3600\./ },
    { flags: ["-c", "1.5"], message: /'1\.5' is invalid\. Expected a positive integer\./ },
  ];
  for (const { flags, message } of invalid) {
    it(`rejects ${flags.join(" ")}`, async () => {
      const outputs = { print: assert.fail, warn: assert.fail, interrupt: new AbortController().signal };
      const command = dmonCommand(outputs, () => assert.fail("ran")).exitOverride();
      command.configureOutput({ writeErr: () => undefined });
      await assert.rejects(command.parseAsync(flags, { from: "user" }), (error) => {
        return error instanceof CommanderError && message.test(error.message);
      });
    });
  }
});
