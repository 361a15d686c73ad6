/** An API server whose every answer the test gives by hand; a call that the test did not wait for fails it. */
import assert from "node:assert/strict";
import type { ApiClient, ListOptions, ObjectList, WatchEvent, WatchOptions } from "../kube/client.ts";
import type { ResourceType } from "../kube/object.ts";
import { settle } from "./clock.fake.ts";

export const configMaps: ResourceType = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
};

export interface ListCall {
  readonly verb: "list";
  readonly options: ListOptions;
  readonly answer: (list: ObjectList) => void;
  readonly fail: (error: unknown) => void;
}

export interface WatchCall {
  readonly verb: "watch";
  readonly options: WatchOptions;
  readonly send: (...events: readonly WatchEvent[]) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

export class ScriptedServer {
  readonly client: Pick<ApiClient, "list" | "watch"> = {
    list: (_type, options) => this.#list(options),
    watch: (_type, options) => this.#watch(options),
  };
  readonly #calls: (ListCall | WatchCall)[] = [];

  /** The call that has been made since the last one was taken: there must be just one. */
  async list(): Promise<ListCall> {
    const call = await this.#only();
    assert.ok(call.verb === "list", `a watch came where a list was expected: ${JSON.stringify(call.options)}`);
    return call;
  }

  async watch(): Promise<WatchCall> {
    const call = await this.#only();
    assert.ok(call.verb === "watch", `a list came where a watch was expected: ${JSON.stringify(call.options)}`);
    return call;
  }

  async nothing(): Promise<void> {
    await settle();
    const calls = this.#calls.map(({ verb, options }) => ({ verb, options }));
    assert.deepEqual(calls, [], "nobody expected these calls");
  }

  async #only(): Promise<ListCall | WatchCall> {
    await settle();
    const call = this.#calls.shift();
    await this.nothing();
    if (call === undefined) throw new assert.AssertionError({ message: "a call was expected, and none came" });
    return call;
  }

  #list(options: ListOptions): Promise<ObjectList> {
    const { promise, resolve, reject } = Promise.withResolvers<ObjectList>();
    options.signal?.addEventListener("abort", () => reject(options.signal?.reason));
    this.#calls.push({ verb: "list", options, answer: resolve, fail: reject });
    return promise;
  }

  async *#watch(options: WatchOptions): AsyncGenerator<WatchEvent> {
    const pending: WatchEvent[] = [];
    let ending: { readonly error?: unknown } | undefined;
    let wake = Promise.withResolvers<void>();
    const finish = (how: { readonly error?: unknown }): void => {
      ending = how;
      wake.resolve();
    };
    options.signal.addEventListener("abort", () => finish({ error: options.signal.reason }));
    this.#calls.push({
      verb: "watch",
      options,
      send: (...events) => {
        pending.push(...events);
        wake.resolve();
      },
      end: () => finish({}),
      fail: (error) => finish({ error }),
    });
    for (;;) {
      for (let event = pending.shift(); event !== undefined; event = pending.shift()) yield event;
      if (ending !== undefined) {
        if ("error" in ending) throw ending.error;
        return;
      }
      await wake.promise;
      wake = Promise.withResolvers<void>();
    }
  }
}
