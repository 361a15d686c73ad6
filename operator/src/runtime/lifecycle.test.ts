import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { FakeClock, settle } from "./clock.fake.ts";
import { superviseProcess } from "./lifecycle.ts";
import { createLogger } from "./log.ts";

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function setUp() {
  const process = new FakeProcess();
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLogger({ level: "info", destination: { write: (line) => lines.push(line) } });
  const lifecycle = superviseProcess({ timeoutMs: 25_000, process, clock, log });
  const order: string[] = [];
  return { process, clock, lifecycle, order, lines };
}

describe("superviseProcess", () => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    it(`stops the components in reverse order, one at a time, on ${signal} and exits 0`, async () => {
      const { process, lifecycle, order } = setUp();
      for (const component of ["endpoints", "caches", "Lease", "workers"]) {
        lifecycle.onStop(component, async () => {
          order.push(`${component} stop`);
          await settle();
          order.push(`${component} stopped`);
        });
      }
      process.emit(signal);
      for (let component = 0; component < 5; component++) await settle();
      assert.deepEqual(order, [
        "workers stop",
        "workers stopped",
        "Lease stop",
        "Lease stopped",
        "caches stop",
        "caches stopped",
        "endpoints stop",
        "endpoints stopped",
      ]);
      assert.deepEqual(process.exits, [0]);
    });
  }

  it("also stops a component that is registered during the shutdown", async () => {
    const { process, lifecycle, order } = setUp();
    lifecycle.onStop("caches", async () => {
      lifecycle.onStop("Lease", () => Promise.resolve(void order.push("Lease")));
      await settle();
    });
    process.emit("SIGTERM");
    for (let component = 0; component < 3; component++) await settle();
    assert.deepEqual([order, process.exits], [["Lease"], [0]]);
  });

  it("continues when a component fails to stop, logs its name, and exits 1", async () => {
    const { process, lifecycle, order, lines } = setUp();
    lifecycle.onStop("endpoints", () => Promise.resolve(void order.push("endpoints")));
    lifecycle.onStop("caches", () => Promise.reject(new Error("no")));
    process.emit("SIGTERM");
    await settle();
    assert.deepEqual([order, process.exits], [["endpoints"], [1]]);
    assert.match(lines.join(""), /"component":"caches","msg":"component failed to stop"/);
  });

  it("exits 1 when the shutdown times out, logs the component that it waited for, and abandons the rest", async () => {
    const { process, clock, lifecycle, order, lines } = setUp();
    lifecycle.onStop("Lease", () => Promise.resolve(void order.push("Lease")));
    lifecycle.onStop("workers", () => new Promise(() => {}));
    process.emit("SIGTERM");
    await clock.advance(24_999);
    assert.deepEqual(process.exits, []);
    await clock.advance(1);
    assert.deepEqual([order, process.exits], [[], [1]]);
    assert.match(lines.at(-1) ?? "", /"component":"workers","msg":"shutdown timed out after 25 s/);
  });

  const seconds: readonly { first: string; second: string; code: number }[] = [
    { first: "SIGTERM", second: "SIGTERM", code: 143 },
    { first: "SIGINT", second: "SIGINT", code: 130 },
    { first: "SIGTERM", second: "SIGINT", code: 130 },
  ];
  for (const { first, second, code } of seconds) {
    it(`exits ${code} immediately on ${second} after ${first}`, () => {
      const { process, lifecycle } = setUp();
      lifecycle.onStop("workers", () => new Promise(() => {}));
      process.emit(first);
      process.emit(second);
      assert.deepEqual(process.exits, [code]);
    });
  }

  it("exits 0 when no component is registered", async () => {
    const { process } = setUp();
    process.emit("SIGTERM");
    await settle();
    assert.deepEqual(process.exits, [0]);
  });

  for (const event of ["uncaughtException", "unhandledRejection"]) {
    it(`exits 1 immediately on an ${event}, stops nothing, and logs the stack`, async () => {
      const { process, lifecycle, order, lines } = setUp();
      lifecycle.onStop("Lease", () => Promise.resolve(void order.push("Lease")));
      process.emit(event, new TypeError("x is undefined"));
      await settle();
      assert.deepEqual([order, process.exits], [[], [1]]);
      assert.match(lines.join(""), /"level":"fatal".*x is undefined.*lifecycle\.test/);
    });
  }

  it("exits 1 immediately on fail(), also during a graceful shutdown", async () => {
    const { process, lifecycle, lines } = setUp();
    lifecycle.onStop("workers", () => new Promise(() => {}));
    process.emit("SIGTERM");
    lifecycle.fail("lost the Lease");
    await settle();
    assert.deepEqual(process.exits, [1]);
    assert.match(lines.at(-1) ?? "", /"level":"fatal".*"msg":"lost the Lease"/);
  });
});
