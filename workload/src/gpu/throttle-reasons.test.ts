import assert from "node:assert/strict";
import { throttleReasons } from "./throttle-reasons.ts";

describe("throttle reasons", () => {
  const cases: Readonly<Record<string, { readonly mask: bigint; readonly reasons: readonly string[] }>> = {
    "full clocks have none": { mask: 0n, reasons: [] },
    "an idle GPU has none": { mask: 0x1n, reasons: [] },
    "thermal slowdown": { mask: 0x61n, reasons: ["SwThermalSlowdown", "HwThermalSlowdown"] },
    "every bit that NVML documents": {
      mask: 0x1ffn,
      reasons: [
        "ApplicationsClocksSetting",
        "SwPowerCap",
        "HwSlowdown",
        "SyncBoost",
        "SwThermalSlowdown",
        "HwThermalSlowdown",
        "HwPowerBrakeSlowdown",
        "DisplayClockSetting",
      ],
    },
    "a bit of a newer driver": { mask: 0x8000_0000_0000_0004n, reasons: ["SwPowerCap", "0x8000000000000000"] },
  };
  for (const [name, { mask, reasons }] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(throttleReasons(mask), reasons));
  }
});
