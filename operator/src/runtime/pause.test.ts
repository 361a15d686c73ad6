import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { FakeClock, settle } from "./clock.fake.ts";
import { pause } from "./pause.ts";

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

  /** Over with nothing left behind: a process pauses on one signal for as long as it lives. */
  async function assertOver(): Promise<void> {
    await settle();
    const left = { timers: clock.waiting, listeners: getEventListeners(controller.signal, "abort").length };
    assert.deepEqual({ ended, ...left }, { ended: true, timers: 0, listeners: 0 });
  }

  it("ends in time", async () => {
    begin();
    await clock.advance(999);
    assert.equal(ended, false);
    await clock.advance(1);
    await assertOver();
  });

  it("ends when its signal aborts", async () => {
    begin();
    controller.abort();
    await assertOver();
  });

  it("does not begin after its signal", async () => {
    controller.abort();
    begin();
    await assertOver();
  });
});
