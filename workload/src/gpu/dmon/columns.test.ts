import assert from "node:assert/strict";
import type { DmonFigures } from "../dmon-figures.ts";
import type { GpuIdentity } from "../gpu-sample.ts";
import { columnGroups, headerLines, type Interval, line } from "./columns.ts";

const figures: DmonFigures = {
  powerWatts: 70.6,
  temperatureCelsius: 81,
  memoryTemperatureCelsius: null,
  utilizationPercent: 71,
  memoryUtilizationPercent: 40,
  encoderPercent: 3,
  decoderPercent: 5,
  jpegPercent: 0,
  opticalFlowPercent: 1,
  memoryClockMhz: 6251,
  processorClockMhz: 2040,
  powerViolationNs: 5_250_000_000,
  thermalViolationNs: 9_000_000_000,
  memoryUsedBytes: 9 * 2 ** 30,
  bar1UsedBytes: 2 ** 20,
  protectedMemoryUsedBytes: 0,
  eccCorrected: 2,
  eccUncorrected: 0,
  pcieReplays: 4,
  pcieReceivedKilobytesPerSecond: 812_000,
  pcieSentKilobytesPerSecond: 90_400,
};

const gpu: GpuIdentity = { index: 0, uuid: "GPU-a", name: "NVIDIA L4", mig: null };
const before = { ...figures, powerViolationNs: 5_000_000_000, thermalViolationNs: 8_999_000_000 };

describe("dmon's columns", () => {
  it("are those of nvidia-smi dmon -s pucvmet", () => {
    assert.deepEqual(
      [...headerLines(columnGroups), line(columnGroups, gpu, { now: figures, before, elapsedMs: 1000 })],
      [
        "# gpu    pwr  gtemp  mtemp     sm    mem    enc    dec    jpg    ofa   mclk   pclk  pviol  tviol     fb   bar1   ccpm  sbecc  dbecc    pci  rxpci  txpci",
        "# Idx      W      C      C      %      %      %      %      %      %    MHz    MHz      %   bool     MB     MB     MB   errs   errs   errs   MB/s   MB/s",
        "    0     71     81      -     71     40      3      5      0      1   6251   2040     25      1   9216      1      0      2      0      4    812     90",
      ],
    );
  });

  const cases: Readonly<Record<string, readonly [interval: Interval | null, violations: string]>> = {
    "the first line, which has no previous one": [{ now: figures, before: undefined, elapsedMs: 0 }, "      -      -"],
    "a GPU that does not respond": [null, "      -      -"],
    "no violation": [{ now: figures, before: figures, elapsedMs: 1000 }, "      0      0"],
    "counters that restarted": [
      { now: { ...figures, powerViolationNs: 0, thermalViolationNs: 0 }, before, elapsedMs: 1000 },
      "      0      0",
    ],
    "counters read slightly later than the clock": [
      { now: { ...figures, powerViolationNs: 6_010_000_000 }, before, elapsedMs: 1000 },
      "    100      1",
    ],
    "counters that the device does not have": [
      { now: { ...figures, powerViolationNs: null, thermalViolationNs: null }, before, elapsedMs: 1000 },
      "      -      -",
    ],
  };
  for (const [name, [interval, violations]] of Object.entries(cases)) {
    it(`show violations of ${name}`, () => assert.equal(line(["v"], gpu, interval), `    0${violations}`));
  }

  it("are in the requested order, and identify a MIG device", () => {
    const mig = { ...gpu, mig: { index: 1, gpuInstance: 8, computeInstance: 0 } };
    assert.deepEqual(
      [...headerLines(["m", "u"]), line(["m", "u"], mig, { now: figures, before: undefined, elapsedMs: 0 })],
      [
        "# gpu     fb   bar1   ccpm     sm    mem    enc    dec    jpg    ofa",
        "# Idx     MB     MB     MB      %      %      %      %      %      %",
        "  0:1   9216      1      0     71     40      3      5      0      1",
      ],
    );
  });
});
