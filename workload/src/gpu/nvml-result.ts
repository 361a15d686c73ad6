/** The result of an NVML call: a value, or a failure with the call and NVML's error code. Pure. */

/** A call's `nvmlReturn_t` was not NVML_SUCCESS. */
export interface NvmlFailure {
  readonly kind: "failure";
  /** The C function, such as `nvmlDeviceGetPowerUsage`. */
  readonly call: string;
  /** NVML's name without `NVML_ERROR_`, such as `GPU_IS_LOST`. */
  readonly code: string;
  readonly message: string;
}

export interface NvmlValue<T> {
  readonly kind: "value";
  readonly value: T;
}

export type NvmlResult<T> = NvmlValue<T> | NvmlFailure;

/** `nvmlReturn_t`, by NVIDIA's "NVML API Reference Guide". */
const codes: ReadonlyMap<number, string> = new Map([
  [1, "UNINITIALIZED"],
  [2, "INVALID_ARGUMENT"],
  [3, "NOT_SUPPORTED"],
  [4, "NO_PERMISSION"],
  [6, "NOT_FOUND"],
  [7, "INSUFFICIENT_SIZE"],
  [8, "INSUFFICIENT_POWER"],
  [9, "DRIVER_NOT_LOADED"],
  [10, "TIMEOUT"],
  [11, "IRQ_ISSUE"],
  [12, "LIBRARY_NOT_FOUND"],
  [13, "FUNCTION_NOT_FOUND"],
  [14, "CORRUPTED_INFOROM"],
  [15, "GPU_IS_LOST"],
  [16, "RESET_REQUIRED"],
  [17, "OPERATING_SYSTEM"],
  [18, "LIB_RM_VERSION_MISMATCH"],
  [19, "IN_USE"],
  [20, "MEMORY"],
  [21, "NO_DATA"],
  [23, "INSUFFICIENT_RESOURCES"],
  [25, "ARGUMENT_VERSION_MISMATCH"],
  [26, "DEPRECATED"],
  [27, "NOT_READY"],
  [28, "GPU_NOT_FOUND"],
  [29, "INVALID_STATE"],
  [999, "UNKNOWN"],
]);

/** `text` is from `nvmlErrorString`. */
export function returned(call: string, code: number, text: string): NvmlFailure {
  return failure(call, codes.get(code) ?? String(code), text);
}

export function failure(call: string, code: string, text: string): NvmlFailure {
  return { kind: "failure", call, code, message: `${call}: ${text} (${code})` };
}

export function value<T>(result: T): NvmlValue<T> {
  return { kind: "value", value: result };
}

const absentCodes: ReadonlySet<string> = new Set([
  "NOT_SUPPORTED",
  "FUNCTION_NOT_FOUND",
  "NO_PERMISSION",
  "NO_DATA",
  "DEPRECATED",
]);

/** Whether the device, the driver or our permissions lack the figure: nothing is broken. */
export function isAbsent({ code }: NvmlFailure): boolean {
  return absentCodes.has(code);
}

const lostCodes: ReadonlySet<string> = new Set(["GPU_IS_LOST", "RESET_REQUIRED", "UNINITIALIZED"]);

/** Whether every further call on this device would fail in the same way, perhaps each after a long wait. */
export function isLost({ code }: NvmlFailure): boolean {
  return lostCodes.has(code);
}
