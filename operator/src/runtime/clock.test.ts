import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { FakeClock, settle } from "./clock.fake.ts";
import { microTime, pause, systemClock } from "./clock.ts";

describe("systemClock", () => {
  it("does not fire a timer beyond 2^31 ms immediately, as Node does", async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 40, () => (fired = true));
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.after(5, resolve);
    await promise;
    cancel();
    assert.equal(fired, false);
  });

  it("does not call back after the timer is cancelled", async () => {
    const calls: string[] = [];
    systemClock.after(1, () => calls.push("cancelled"))();
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.after(5, resolve);
    await promise;
    assert.deepEqual(calls, []);
  });
});

describe("a pause", () => {
  let clock: FakeClock;
  let controller: AbortController;
  let ended: boolean;

  beforeEach(async () => {
    clock = new FakeClock();
    controller = new AbortController();
    ended = false;
  });

  const begin = (): void => void pause(clock, 1000, controller.signal).then(() => (ended = true));

  /** Checks that it ended and leaks neither timer nor listener: a process pauses on one signal for its whole life. */
  async function assertEnded(): Promise<void> {
    await settle();
    const left = { timers: clock.waiting, listeners: getEventListeners(controller.signal, "abort").length };
    assert.deepEqual({ ended, ...left }, { ended: true, timers: 0, listeners: 0 });
  }

  it("ends after its duration", async () => {
    begin();
    await clock.advance(999);
    assert.equal(ended, false);
    await clock.advance(1);
    await assertEnded();
  });

  it("ends when its signal aborts", async () => {
    begin();
    controller.abort();
    await assertEnded();
  });

  it("returns immediately when its signal has already aborted", async () => {
    controller.abort();
    begin();
    await assertEnded();
  });
});

describe("microTime", () => {
  it("formats microseconds, as the API server does", () => {
    assert.equal(microTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), "2026-01-02T03:04:05.006000Z");
  });
});
