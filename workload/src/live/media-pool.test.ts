import assert from "node:assert/strict";
import { MediaPool } from "./media-pool.ts";
import type { MediaSession } from "./media-session.ts";
import { needsCodec } from "./testing/live-codec.ts";
import { offerText } from "./testing/offers.ts";

const setup = {
  offer: offerText(),
  codec: "VP8",
  clientStartsDtls: true,
  receives: true,
  sends: false,
  receivesAudio: false,
  sendsAudio: false,
  ufragPrefix: "",
  mostPixels: 100_000,
  mostFramesPerSecond: 30,
  mostKbps: 1000,
} as const;

describe("media processes", () => {
  let pool: MediaPool;
  before(function () {
    needsCodec(this);
  });
  afterEach(async () => pool?.close());

  it("have a session each, and exit with it", async () => {
    pool = new MediaPool({ sessionsPerProcess: 1, mostPixels: 100_000 });
    const [first, second] = [pool.take(), pool.take()];
    assert.notEqual(first.pid, second.pid);
    await Promise.all([first.close(), second.close()]);
    assert.deepEqual([isAlive(first), isAlive(second)], [false, false]);
  });

  it("serve a limited number of sessions in their lifetime, and exit with the last", async () => {
    pool = new MediaPool({ sessionsPerProcess: 2, mostPixels: 100_000 });
    const [first, second, third] = [pool.take(), pool.take(), pool.take()];
    assert.deepEqual([first.pid === second.pid, second.pid === third.pid], [true, false]);
    await first.close();
    assert.ok(isAlive(second));
    await second.close();
    assert.ok(!isAlive(second));
    // The next one joins the process that has room.
    await third.close();
    const fourth = pool.take();
    assert.equal(fourth.pid, third.pid);
    await fourth.close();
  });

  it("end all their sessions when they die, and no others", async () => {
    pool = new MediaPool({ sessionsPerProcess: 2, mostPixels: 100_000 });
    const died: string[] = [];
    const sessions = [pool.take(), pool.take(), pool.take()];
    for (const [index, session] of sessions.entries()) await open(session, String(index), died);
    process.kill(sessions[0]?.pid ?? 0, "SIGKILL");
    while (died.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.all(sessions.slice(0, 2).map(async (session) => session.close()));
    assert.deepEqual(died, ["0", "1"]);
    assert.ok(isAlive(sessions[2]));
    await sessions[2]?.close();
  });
});

/** Answers the offer; adds its name to `died` when its process ends. */
async function open(session: MediaSession, name: string, died: string[]): Promise<void> {
  const nothing = (): void => undefined;
  const answer = await session.open(setup, {
    frame: nothing,
    encoded: nothing,
    audio: nothing,
    state: nothing,
    roundTrip: nothing,
    receivable: nothing,
    keyFrameWanted: nothing,
    encodingFailed: nothing,
    died: () => void died.push(name),
  });
  assert.match(answer, /^m=video [1-9]/m);
}

function isAlive(session: MediaSession | undefined): boolean {
  try {
    process.kill(session?.pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}
