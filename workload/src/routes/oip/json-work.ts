/**
 * Parses and encodes the JSON of tensors: small ones synchronously, large ones on a thread.
 *
 * Parsing a picture of 640x480 as JSON numbers takes milliseconds, and encoding its doubled response tens of milliseconds. The
 * main thread could not even answer a probe during that time.
 */
import { Worker } from "node:worker_threads";
import { transferable } from "../../core/buffers.ts";
import { PipelineError } from "../../core/pipeline-error.ts";
import { type InferRequest, parseInferRequest } from "./infer-request.ts";
import { encodeInferResponse, type EncodedResponse, type InferResponse } from "./infer-response.ts";
import type { JsonTask, JsonTaskDone } from "./json-thread.ts";
import { HttpProblem } from "../problem.ts";

/** Parsed within about a millisecond. */
const smallBytes = 64 * 1024;

/** Each holds a body, and all wait for one thread. */
const mostTasks = 32;

/**
 * V8 aborts the whole process, not the thread, when JSON.parse runs out of memory. The worst text of this length,
 * `[{},{},…]`, needed a heap of 470 MiB; the limit is twice that.
 */
const mostJsonBytes = 16 * 2 ** 20;
const threadMemoryMb = 1024;

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

export class JsonWork {
  readonly #pending = new Map<number, Pending>();
  #thread: Worker | undefined;
  #nextId = 0;

  async parse(body: Uint8Array<ArrayBuffer>, jsonLength: number | undefined): Promise<InferRequest> {
    const length = jsonLength ?? body.length;
    if (length <= smallBytes) return parseInferRequest(body, jsonLength);
    if (length > mostJsonBytes) {
      throw new HttpProblem("json-too-large", `the JSON exceeds ${mostJsonBytes} bytes; send tensors as binary data`);
    }
    const bytes = transferable(body);
    return this.#run<InferRequest>({ do: "parse", body: bytes, jsonLength }, [bytes.buffer]);
  }

  async encode(response: InferResponse): Promise<EncodedResponse> {
    const json = response.outputs.filter(({ binary }) => !binary).map(({ tensor }) => tensor.bytes.length);
    if (json.reduce((sum, length) => sum + length, 0) <= smallBytes) return encodeInferResponse(response);
    return this.#run<EncodedResponse>(
      { do: "encode", response },
      response.outputs.map(({ tensor }) => tensor.bytes.buffer),
    );
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  async #run<Result>(task: JsonTask, transfer: readonly ArrayBuffer[]): Promise<Result> {
    if (this.#pending.size >= mostTasks) {
      throw new PipelineError("queue-full", "too many JSON tensors are waiting; send tensors as binary data", 1);
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#pending.set(id, { resolve, reject });
    this.#thread ??= this.#start();
    this.#thread.postMessage({ id, task }, [...new Set(transfer)]);
    return promise;
  }

  #start(): Worker {
    const thread = new Worker(new URL("json-thread.ts", import.meta.url), {
      name: "oip-json",
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb },
    });
    thread.on("message", (done: JsonTaskDone) => this.#done(done));
    // The next request starts another thread.
    thread.on("error", () => undefined);
    thread.on("exit", () => {
      if (this.#thread === thread) this.#thread = undefined;
      for (const { reject } of this.#pending.values()) reject(new PipelineError("worker-died", "the JSON thread died"));
      this.#pending.clear();
    });
    thread.unref();
    return thread;
  }

  #done({ id, outcome }: JsonTaskDone): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (outcome.kind === "done") pending?.resolve(outcome.result as never);
    else if (outcome.kind === "refused") pending?.reject(new HttpProblem(outcome.code, outcome.message));
    else pending?.reject(new Error(outcome.message));
  }
}
