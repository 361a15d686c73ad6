import assert from "node:assert/strict";
import { microTime, systemClock } from "./clock.ts";

describe("systemClock", () => {
  it("never fires a far timer at once, as Node does beyond 2^31 ms", async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 40, () => (fired = true));
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.after(5, resolve);
    await promise;
    cancel();
    assert.equal(fired, false);
  });

  it("can be cancelled", async () => {
    const calls: string[] = [];
    systemClock.after(1, () => calls.push("cancelled"))();
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.after(5, resolve);
    await promise;
    assert.deepEqual(calls, []);
  });
});

describe("microTime", () => {
  it("writes microseconds, as the API server does", () => {
    assert.equal(microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), "2026-01-02T03:04:05.006000Z");
  });
});
