/** `libnvidia-ml.so.1`, loaded with koffi: synchronous calls that return a value or a failure. */
import koffi from "koffi";
import { type NvmlFunction, prototypes, type Structures, structures } from "./nvml-abi.ts";
import { failure, type NvmlResult, type NvmlFailure, returned, value } from "./nvml-result.ts";

/** The soname that NVIDIA's container toolkit mounts. The loader finds it, so `LD_LIBRARY_PATH` applies. */
export const nvmlSoname = "libnvidia-ml.so.1";

type NativeFunction = (...parameters: unknown[]) => number;

/** A device handle: an address in the library's memory, valid until `nvmlShutdown`. */
export type DeviceHandle = unknown;

export class Nvml {
  readonly types: Structures;
  readonly #library: ReturnType<typeof koffi.load>;
  readonly #prototypes: ReturnType<typeof prototypes>;
  readonly #bound = new Map<NvmlFunction, NativeFunction | undefined>();
  readonly #onCall: (call: NvmlFunction) => void;
  #errorString: ((code: number) => string) | undefined;

  private constructor(library: ReturnType<typeof koffi.load>, onCall: (call: NvmlFunction) => void) {
    this.#library = library;
    this.#onCall = onCall;
    this.types = structures(koffi);
    this.#prototypes = prototypes(koffi, this.types);
  }

  /**
   * Loads the library without calling it. `onCall` receives the name of each call before it is made, so that another
   * thread can report which one hangs.
   */
  static open(path: string, onCall: (call: NvmlFunction) => void = () => {}): NvmlResult<Nvml> {
    try {
      return value(new Nvml(koffi.load(path), onCall));
    } catch (error) {
      return failure(path, "LIBRARY_NOT_FOUND", error instanceof Error ? error.message : String(error));
    }
  }

  /** Returns the failure, or null on success: the results are then in the output parameters. */
  call(name: NvmlFunction, ...parameters: unknown[]): NvmlFailure | null {
    const native = this.#bind(name);
    // An older driver's library lacks newer calls: only their figures are then absent.
    if (native === undefined) return failure(name, "FUNCTION_NOT_FOUND", "not in this driver's library");
    this.#onCall(name);
    const code = native(...parameters);
    return code === 0 ? null : returned(name, code, this.#errorText(code));
  }

  /** Makes a call whose last parameter is an output `unsigned int` or enum. */
  number(name: NvmlFunction, ...parameters: unknown[]): NvmlResult<number> {
    const out = new Uint32Array(1);
    return this.call(name, ...parameters, out) ?? value(out[0] ?? 0);
  }

  /** Makes a call whose last parameters are an output text buffer and its length. */
  text(name: NvmlFunction, ...parameters: unknown[]): NvmlResult<string> {
    // NVML_DEVICE_UUID_V2_BUFFER_SIZE and NVML_DEVICE_NAME_V2_BUFFER_SIZE are 96; versions are shorter.
    const out = Buffer.alloc(96);
    return this.call(name, ...parameters, out, out.length) ?? value(out.toString("utf8", 0, out.indexOf(0)));
  }

  #bind(name: NvmlFunction): NativeFunction | undefined {
    if (!this.#bound.has(name)) this.#bound.set(name, this.#find(name));
    return this.#bound.get(name);
  }

  #find(name: NvmlFunction): NativeFunction | undefined {
    try {
      return this.#library.func(name, "int", [...this.#prototypes[name]]);
    } catch {
      return undefined;
    }
  }

  #errorText(code: number): string {
    this.#errorString ??= this.#library.func("nvmlErrorString", "str", ["int"]);
    return this.#errorString(code);
  }
}
