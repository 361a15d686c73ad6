/** An API server whose responses the test sends one by one; a call that the test does not expect fails it. */
import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import type { ApiClient, ListOptions, ObjectList, WatchEvent, WatchOptions } from "../kube/client.ts";
import { namespacedType } from "../kube/object.ts";
import { settle } from "./clock.fake.ts";

export const configMaps = namespacedType("v1", "ConfigMap", "configmaps");

export interface ListCall {
  readonly verb: "list";
  readonly options: ListOptions;
  readonly respond: (list: ObjectList) => void;
  readonly fail: (error: unknown) => void;
}

export interface WatchCall extends Omit<OpenWatch, "events"> {
  readonly verb: "watch";
  readonly options: WatchOptions;
}

export class ScriptedServer {
  readonly client: Pick<ApiClient, "list" | "watch"> = {
    list: (_type, options) => this.#list(options),
    watch: (_type, options) => this.#watch(options),
  };
  readonly #calls: (ListCall | WatchCall)[] = [];

  /** Returns the only call since the last one was taken. */
  async list(): Promise<ListCall> {
    const call = await this.#only();
    assert.ok(call.verb === "list", `expected a list, got a watch: ${JSON.stringify(call.options)}`);
    return call;
  }

  /** A watch that begins with all objects. */
  async stream(): Promise<WatchCall> {
    const call = await this.#only();
    assert.ok(isStream(call), `expected a stream, got a ${call.verb}: ${JSON.stringify(call.options)}`);
    return call;
  }

  /** A watch that resumes. */
  async watch(): Promise<WatchCall> {
    const call = await this.#only();
    assert.ok(call.verb === "watch" && !isStream(call), `expected a watch, got: ${JSON.stringify(call.options)}`);
    return call;
  }

  async nothing(): Promise<void> {
    await settle();
    const calls = this.#calls.map(({ verb, options }) => ({ verb, options }));
    assert.deepEqual(calls, [], "unexpected calls");
  }

  async #only(): Promise<ListCall | WatchCall> {
    await settle();
    const call = this.#calls.shift();
    await this.nothing();
    if (call === undefined) throw new assert.AssertionError({ message: "expected a call, got none" });
    return call;
  }

  #list(options: ListOptions): Promise<ObjectList> {
    const { promise, resolve, reject } = Promise.withResolvers<ObjectList>();
    options.signal?.addEventListener("abort", () => reject(options.signal?.reason));
    this.#calls.push({ verb: "list", options, respond: resolve, fail: reject });
    return promise;
  }

  #watch(options: WatchOptions): AsyncIterable<WatchEvent> {
    const watch = openWatch(options.signal);
    this.#calls.push({ verb: "watch", options, ...watch });
    return watch.events;
  }
}

function isStream(call: ListCall | WatchCall): call is WatchCall {
  return call.verb === "watch" && call.options.resourceVersion === undefined;
}

export interface OpenWatch {
  readonly events: AsyncIterable<WatchEvent>;
  readonly send: (...events: readonly WatchEvent[]) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
  /** Whether the reader has left. */
  readonly isClosed: () => boolean;
}

/** A watch whose reader receives what was sent before the watch ends or fails. */
export function openWatch(signal: AbortSignal): OpenWatch {
  // The reader may be gone when the watch fails, and an unhandled `error` would end the process.
  const emitter = new EventEmitter().on("error", () => {});
  const received = on(emitter, "event", { signal, close: ["end"] }) as AsyncIterableIterator<[WatchEvent]>;
  let closed = false;
  async function* events(): AsyncGenerator<WatchEvent> {
    try {
      for await (const [event] of received) yield event;
    } finally {
      closed = true;
    }
  }
  return {
    events: events(),
    send: (...sent) => sent.forEach((event) => emitter.emit("event", event)),
    end: () => void emitter.emit("end"),
    fail: (error) => void emitter.emit("error", error),
    isClosed: () => closed,
  };
}
