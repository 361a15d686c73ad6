/** `libnvidia-ml.so.1` opened by koffi: one synchronous call at a time, each answering a value or a failure. */
import koffi from "koffi";
import { type NvmlFunction, prototypes, type Structures, structures } from "./nvml-abi.ts";
import { failure, type NvmlAnswer, type NvmlFailure, returned, value } from "./nvml-answer.ts";

/** The soname that the driver's container toolkit mounts; found as any library is, so `LD_LIBRARY_PATH` counts. */
export const nvmlSoname = "libnvidia-ml.so.1";

type NativeFunction = (...parameters: unknown[]) => number;

/** A device handle: an address in the library's memory, good until `nvmlShutdown`. */
export type DeviceHandle = unknown;

export class Nvml {
  readonly types: Structures;
  readonly #library: ReturnType<typeof koffi.load>;
  readonly #prototypes: ReturnType<typeof prototypes>;
  readonly #bound = new Map<NvmlFunction, NativeFunction | undefined>();
  readonly #onCall: (call: NvmlFunction) => void;
  #words: ((code: number) => string) | undefined;

  private constructor(library: ReturnType<typeof koffi.load>, onCall: (call: NvmlFunction) => void) {
    this.#library = library;
    this.#onCall = onCall;
    this.types = structures(koffi);
    this.#prototypes = prototypes(koffi, this.types);
  }

  /**
   * Loads the library; calls nothing in it yet. `onCall` hears the name of each call before it is made, so that somebody
   * outside can tell which one hangs.
   */
  static open(path: string, onCall: (call: NvmlFunction) => void = () => {}): NvmlAnswer<Nvml> {
    try {
      return value(new Nvml(koffi.load(path), onCall));
    } catch (error) {
      return failure(path, "LIBRARY_NOT_FOUND", error instanceof Error ? error.message : String(error));
    }
  }

  /** The failure of `name`, or null when it succeeded: what it answers is then in the parameters that it fills. */
  call(name: NvmlFunction, ...parameters: unknown[]): NvmlFailure | null {
    const native = this.#bind(name);
    // Newer calls are missing from an older driver's library: the figure is then absent, and the others are not.
    if (native === undefined) return failure(name, "FUNCTION_NOT_FOUND", "this driver's library does not have it");
    this.#onCall(name);
    const code = native(...parameters);
    return code === 0 ? null : returned(name, code, this.#wordsFor(code));
  }

  /** A call that fills one `unsigned int` (or a nvmlEnum) as its last parameter. */
  number(name: NvmlFunction, ...parameters: unknown[]): NvmlAnswer<number> {
    const out = new Uint32Array(1);
    return this.call(name, ...parameters, out) ?? value(out[0] ?? 0);
  }

  /** A call that fills a text buffer and takes its length after it. */
  text(name: NvmlFunction, ...parameters: unknown[]): NvmlAnswer<string> {
    // NVML_DEVICE_UUID_V2_BUFFER_SIZE and NVML_DEVICE_NAME_V2_BUFFER_SIZE are 96; versions and words are shorter.
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

  #wordsFor(code: number): string {
    this.#words ??= this.#library.func("nvmlErrorString", "str", ["int"]);
    return this.#words(code);
  }
}
