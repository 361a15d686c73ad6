/** The bits of `nvmlDeviceGetCurrentClocksEventReasons`, by NVIDIA's "NVML API Reference Guide". Pure. */

const reasons: readonly (readonly [bit: bigint, name: string])[] = [
  [0x2n, "ApplicationsClocksSetting"],
  [0x4n, "SwPowerCap"],
  [0x8n, "HwSlowdown"],
  [0x10n, "SyncBoost"],
  [0x20n, "SwThermalSlowdown"],
  [0x40n, "HwThermalSlowdown"],
  [0x80n, "HwPowerBrakeSlowdown"],
  [0x100n, "DisplayClockSetting"],
];

// An idle GPU lowers its clocks, too: naming that would report every idle pod as throttled.
const idle = 0x1n;

/** Returns the names of the set bits, lowest first, and unknown bits of newer drivers as one number. */
export function throttleReasons(mask: bigint): readonly string[] {
  const known = reasons.filter(([bit]) => (mask & bit) !== 0n);
  const rest = known.reduce((left, [bit]) => left & ~bit, mask & ~idle);
  const names = known.map(([, name]) => name);
  return rest === 0n ? names : [...names, `0x${rest.toString(16)}`];
}
