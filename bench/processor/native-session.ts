/**
 * One session for all threads, through koffi on the library that onnxruntime-node brings: what ADR 9 compares a session
 * per thread with. The functions are members of a table, found by their place in it.
 *
 * @see https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h, `struct OrtApi`
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import koffi from "koffi";
import { Scratch } from "../../workload/src/codec/scratch.ts";
import { tensor, type ModelSession, type Tensor } from "../../workload/src/inference/session.ts";

const apiVersion = 24;
const uint8 = 2;

/** Place in `OrtApi`, and what it takes beside. */
const functions = {
  GetErrorMessage: [2, "str GetErrorMessage(void *)"],
  CreateEnv: [3, "void *CreateEnv(int, str, _Out_ void **)"],
  CreateSession: [7, "void *CreateSession(void *, str, void *, _Out_ void **)"],
  Run: [9, "void *Run(void *, void *, void **, void **, size_t, void **, size_t, _Inout_ void **)"],
  CreateSessionOptions: [10, "void *CreateSessionOptions(_Out_ void **)"],
  DisableMemPattern: [17, "void *DisableMemPattern(void *)"],
  SetIntraOpNumThreads: [24, "void *SetIntraOpNumThreads(void *, int)"],
  SetInterOpNumThreads: [25, "void *SetInterOpNumThreads(void *, int)"],
  CreateTensor: [49, "void *CreateTensor(void *, void *, size_t, void *, size_t, int, _Out_ void **)"],
  CreateCpuMemoryInfo: [69, "void *CreateCpuMemoryInfo(int, int, _Out_ void **)"],
  ReleaseValue: [96, "void ReleaseValue(void *)"],
} as const;
type Name = keyof typeof functions;

const prototypes = Object.fromEntries(
  Object.entries(functions).map(([name, [, prototype]]) => [name, koffi.proto(prototype)]),
) as Record<Name, ReturnType<typeof koffi.proto>>;

export class NativeOnnx {
  readonly #api: bigint;
  readonly #memory: bigint;
  readonly #names: { readonly input: Buffer; readonly output: Buffer };

  /** The names of the model's only input and output. */
  constructor(input: string, output: string) {
    const require = createRequire(import.meta.url);
    const folder = join(require.resolve("onnxruntime-node/package.json"), "../bin/napi-v6/linux", process.arch);
    const library = koffi.load(join(folder, "libonnxruntime.so.1"));
    const base = library.func("OrtGetApiBase", "void *", [])() as bigint;
    const getApi = koffi.decode(base, "void *") as bigint;
    this.#api = koffi.call(getApi, koffi.proto("void *GetApi(uint32_t)"), apiVersion) as bigint;
    this.#memory = this.#create("CreateCpuMemoryInfo", 0, 0);
    this.#names = { input: Buffer.from(`${input}\0`), output: Buffer.from(`${output}\0`) };
  }

  /** An address that every thread of the process may use; set up as `openSession` does. */
  open(file: string): bigint {
    const options = this.#create("CreateSessionOptions");
    this.#check(this.#call("DisableMemPattern", options));
    this.#check(this.#call("SetIntraOpNumThreads", options, 1));
    this.#check(this.#call("SetInterOpNumThreads", options, 1));
    return this.#create("CreateSession", this.#create("CreateEnv", 3, "bench"), file, options);
  }

  /** The session as this thread's; `scale`: how many times larger the answer is. */
  session(address: bigint, declared: Pick<ModelSession, "inputs" | "outputs">, scale: number): ModelSession {
    const [inputName = "", outputName = ""] = [declared.inputs[0]?.name, declared.outputs[0]?.name];
    const memory = new Scratch();
    return {
      ...declared,
      run: async (feeds) => {
        const given = feeds[inputName] as Tensor;
        const [count = 1, height = 1, width = 1] = given.dims;
        const dims = [count, height * scale, width * scale, 3];
        // Used again, and as a view of a part never discarded: writing into memory of ours is what a binding would be for.
        const answer = tensor(memory.take(size(dims) + 1).subarray(0, -1), dims);
        const [from, to] = [this.#tensor(given), this.#tensor(answer)];
        const names = [this.#names.input, this.#names.output] as const;
        this.#check(this.#call("Run", address, null, [names[0]], [from], 1, [names[1]], 1, [to]));
        this.#call("ReleaseValue", from);
        this.#call("ReleaseValue", to);
        return { [outputName]: answer };
      },
      release: async () => {},
    };
  }

  #tensor({ data, dims }: Tensor): bigint {
    const bytes = data as Uint8Array;
    return this.#create(
      "CreateTensor",
      this.#memory,
      bytes,
      bytes.length,
      BigInt64Array.from(dims, BigInt),
      dims.length,
      uint8,
    );
  }

  #create(name: Name, ...parameters: readonly unknown[]): bigint {
    const out: [bigint | null] = [null];
    this.#check(this.#call(name, ...parameters, out));
    return out[0] ?? 0n;
  }

  #call(name: Name, ...parameters: readonly unknown[]): unknown {
    const address = koffi.decode(this.#api, functions[name][0] * 8, "void *") as bigint;
    return koffi.call(address, prototypes[name], ...parameters);
  }

  #check(status: unknown): void {
    if (status !== null) throw new Error(String(this.#call("GetErrorMessage", status)));
  }
}

function size(dims: readonly number[]): number {
  return dims.reduce((all, each) => all * each, 1);
}
