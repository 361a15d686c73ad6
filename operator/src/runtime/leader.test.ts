import assert from "node:assert/strict";
import * as fc from "fast-check";
import { settle } from "./clock.fake.ts";
import { Candidate, FakeLease } from "./leader.fake.ts";
import { NotLeader, processIdentity } from "./leader.ts";
import { claim, released, type LeaseSpec } from "./leader-lease.ts";

/** 2026-01-01, where the tests' clocks begin, and some seconds. */
function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().replace("Z", "000Z");
}

const held: LeaseSpec = {
  holderIdentity: "other",
  leaseDurationSeconds: 15,
  acquireTime: at(-60),
  renewTime: at(0),
  leaseTransitions: 4,
};

/** A candidate that leads, and the Lease. */
async function leading(): Promise<{ lease: FakeLease; leader: Candidate }> {
  const lease = new FakeLease();
  const leader = new Candidate(lease, "me");
  await settle();
  assert.ok(leader.elected);
  return { lease, leader };
}

describe("the spec of a Lease", () => {
  const cases: readonly { what: string; before: LeaseSpec | undefined; after: LeaseSpec }[] = [
    {
      what: "taken for the first time",
      before: undefined,
      after: { ...held, holderIdentity: "me", acquireTime: at(7), renewTime: at(7), leaseTransitions: 0 },
    },
    {
      what: "taken from another",
      before: held,
      after: { ...held, holderIdentity: "me", acquireTime: at(7), renewTime: at(7), leaseTransitions: 5 },
    },
    {
      what: "taken after it was given up",
      before: { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 4 },
      after: { ...held, holderIdentity: "me", acquireTime: at(7), renewTime: at(7), leaseTransitions: 5 },
    },
    {
      what: "renewed",
      before: { ...held, holderIdentity: "me" },
      after: { ...held, holderIdentity: "me", renewTime: at(7) },
    },
  ];
  for (const { what, before, after } of cases) {
    it(what, () => assert.deepEqual(claim(before, "me", 15_000, Date.parse(at(7))), after));
  }

  it("rounds its duration up to whole seconds, so that no standby waits less than was meant", () => {
    assert.equal(claim(undefined, "me", 1_500, 0).leaseDurationSeconds, 2);
  });

  it("given up", () => {
    assert.deepEqual(released(held, Date.parse(at(7))), {
      holderIdentity: "",
      leaseDurationSeconds: 1,
      acquireTime: at(7),
      renewTime: at(7),
      leaseTransitions: 4,
    });
  });
});

describe("standing by", () => {
  it("leads at once when there is no Lease", async () => {
    const { lease, leader } = await leading();
    assert.deepEqual([lease.holder, leader.requests, leader.mayWrite], ["me", ["read", "create"], true]);
  });

  it("leads at once when the Lease was given up", async () => {
    const lease = new FakeLease(released(held, 0));
    const candidate = new Candidate(lease, "me");
    await settle();
    assert.deepEqual([candidate.elected, lease.lease?.spec?.leaseTransitions], [true, 5]);
  });

  for (const renewTime of [at(-3600), at(3600)]) {
    it(`waits leaseDuration after what it saw, though the holder's clock says ${renewTime}`, async () => {
      const candidate = new Candidate(new FakeLease({ ...held, renewTime }), "me");
      await candidate.pass(14_999);
      assert.deepEqual([candidate.elected, candidate.requests.includes("replace")], [false, false]);
      await candidate.pass(1);
      assert.ok(candidate.elected);
    });
  }

  it("takes no annotation for a sign of life", async () => {
    const lease = new FakeLease(held);
    const candidate = new Candidate(lease, "me");
    await candidate.pass(10_000);
    lease.annotate();
    await candidate.pass(5_000);
    assert.ok(candidate.elected);
  });

  it("waits anew after each renewal", async () => {
    const lease = new FakeLease(held);
    const candidate = new Candidate(lease, "me");
    await candidate.pass(10_000);
    lease.store({ ...held, renewTime: at(10) });
    await candidate.pass(14_999);
    assert.equal(candidate.elected, false);
    // It saw the renewal up to one look later.
    await candidate.pass(2_001);
    assert.equal(candidate.elected, true);
  });

  it("waits as long as the holder asks, if that is longer than its own setting", async () => {
    const candidate = new Candidate(new FakeLease({ ...held, leaseDurationSeconds: 30 }), "me");
    await candidate.pass(29_999);
    assert.equal(candidate.elected, false);
    await candidate.pass(1);
    assert.equal(candidate.elected, true);
  });

  it("may not write, whoever asks", async () => {
    const candidate = new Candidate(new FakeLease(held), "me");
    await settle();
    assert.throws(() => candidate.leadership.fence(), new NotLeader("no write while standing by"));
    assert.equal(candidate.leadership.isLeader(), false);
  });

  it("survives an API server that is away", async () => {
    const lease = new FakeLease(released(held, 0));
    const candidate = new Candidate(lease, "me");
    candidate.way = "refused";
    await candidate.pass(60_000);
    candidate.way = "open";
    await candidate.pass(2_000);
    assert.deepEqual([candidate.elected, candidate.lost], [true, undefined]);
  });

  it("says once who leads, not at each look", async () => {
    const lease = new FakeLease(held);
    const candidate = new Candidate(lease, "me");
    for (let second = 0; second < 30; second += 5) {
      lease.store({ ...held, renewTime: at(second) });
      await candidate.pass(5_000);
    }
    assert.deepEqual(candidate.lines, [`{"level":30,"holder":"other","msg":"standing by"}\n`]);
  });

  it("does not lead by an answer that lay in the socket while the process was suspended", async () => {
    const lease = new FakeLease();
    const candidate = new Candidate(lease, "me");
    candidate.suspend();
    await settle();
    await candidate.pass(60_000);
    candidate.resume();
    await settle();
    assert.deepEqual([lease.holder, candidate.elected, candidate.mayWrite], ["me", false, false]);
    await candidate.pass(2_000);
    assert.deepEqual([candidate.elected, candidate.lost], [true, undefined]);
  });
});

describe("leading", () => {
  it("renews with one request every retryPeriod", async () => {
    const { lease, leader } = await leading();
    await leader.pass(6_000);
    assert.deepEqual(leader.requests, ["read", "create", "replace", "replace", "replace"]);
    const renewed = { acquireTime: at(0), renewTime: at(6), leaseTransitions: 0 };
    assert.deepEqual(lease.lease?.spec, { holderIdentity: "me", leaseDurationSeconds: 15, ...renewed });
  });

  for (const way of ["refused", "silent"] as const) {
    it(`goes on for renewDeadline after the last renewal while the way is ${way}, and then has lost`, async () => {
      const { leader } = await leading();
      await leader.pass(2_000);
      leader.way = way;
      await leader.pass(9_999);
      assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
      await leader.pass(1);
      assert.deepEqual([leader.mayWrite, leader.lost], [false, "the Lease could not be renewed for 10 s"]);
    });
  }

  it("goes on when a renewal succeeds before renewDeadline", async () => {
    const { leader } = await leading();
    leader.way = "refused";
    await leader.pass(7_000);
    leader.way = "open";
    await leader.pass(60_000);
    assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
  });

  it("counts from when a renewal began, not from its answer", async () => {
    const { leader } = await leading();
    leader.latencyMs = 4_000;
    await leader.pass(6_000);
    // Began at 2 s, answered at 6 s.
    leader.way = "refused";
    await leader.pass(5_999);
    assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
    await leader.pass(1);
    assert.deepEqual([leader.mayWrite, leader.lost === undefined], [false, false]);
  });

  it("renews a Lease that somebody annotated", async () => {
    const { lease, leader } = await leading();
    lease.annotate();
    await leader.pass(2_000);
    assert.deepEqual(leader.requests, ["read", "create", "replace", "read", "replace"]);
    assert.deepEqual([leader.mayWrite, lease.lease?.spec?.renewTime], [true, at(2)]);
  });

  it("creates a Lease that somebody deleted", async () => {
    const { lease, leader } = await leading();
    lease.lease = undefined;
    await leader.pass(2_000);
    assert.deepEqual([leader.mayWrite, lease.holder], [true, "me"]);
  });

  it("has lost when another holds the Lease", async () => {
    const { lease, leader } = await leading();
    lease.store(held);
    await leader.pass(2_000);
    assert.deepEqual([leader.mayWrite, leader.lost], [false, "other holds the Lease"]);
  });

  it("may not write after it was suspended, before any timer could tell it", async () => {
    const { lease, leader } = await leading();
    leader.suspend();
    await leader.pass(10_000);
    lease.store(held);
    leader.resume();
    assert.throws(() => leader.leadership.fence(), new NotLeader("no write: the Lease was last renewed 10 s ago"));
    await leader.pass(0);
    assert.deepEqual([leader.mayWrite, leader.lost], [false, "the Lease could not be renewed for 10 s"]);
    assert.deepEqual(leader.requests, ["read", "create"]);
  });

  it("may not write after the machine slept, until the Lease is renewed", async () => {
    const { leader } = await leading();
    leader.clock.sleep(60_000);
    assert.equal(leader.mayWrite, false);
    await leader.pass(2_000);
    assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
  });

  it("asks nothing more of the API server once it has lost", async () => {
    const { lease, leader } = await leading();
    lease.store(held);
    await leader.pass(2_000);
    const { length } = leader.requests;
    await leader.pass(60_000);
    await leader.leadership.release();
    assert.deepEqual([leader.requests.length, lease.holder, leader.clock.waiting], [length, "other", 0]);
  });

  it("does not take the Lease back when it was lost during a read", async () => {
    const { lease, leader } = await leading();
    leader.latencyMs = 4_500;
    lease.store({ ...held, holderIdentity: "me" });
    // A refused renewal at 2 s is answered at 6.5 s, the read at 11 s: after the deadline at 10 s.
    await leader.pass(60_000);
    assert.deepEqual(leader.requests, ["read", "create", "replace", "read"]);
    assert.equal(leader.lost, "the Lease could not be renewed for 10 s");
  });
});

describe("a leader that is killed", () => {
  it("is followed by the next within 20 s, whenever it died and whenever the other last looked", async () => {
    for (let diedAfterMs = 0; diedAfterMs < 4_000; diedAfterMs += 250) {
      const { leader, lease } = await leading();
      const standby = new Candidate(lease, "next");
      for (let ms = 0; ms < diedAfterMs; ms += 250) {
        await standby.pass(250);
        await leader.pass(250);
      }
      await standby.pass(19_999);
      assert.ok(standby.elected, `died after ${diedAfterMs} ms`);
    }
  });
});

describe("releasing", () => {
  it("lets the next one lead within retryPeriod", async () => {
    const { lease, leader } = await leading();
    const standby = new Candidate(lease, "next");
    await leader.pass(1_000);
    await standby.pass(1_000);
    await leader.leadership.release();
    assert.deepEqual([lease.holder, leader.mayWrite, leader.lost], ["", false, undefined]);
    await standby.pass(2_000);
    assert.deepEqual([lease.holder, standby.mayWrite], ["next", true]);
    await leader.pass(60_000);
    assert.deepEqual([lease.holder, leader.clock.waiting], ["next", 0]);
  });

  it("waits for a renewal that is on its way, and gives up what that one took", async () => {
    const { lease, leader } = await leading();
    leader.latencyMs = 1_000;
    await leader.pass(2_500);
    const released = leader.leadership.release();
    assert.equal(leader.mayWrite, false);
    await leader.pass(5_000);
    await released;
    assert.deepEqual([lease.holder, leader.requests], ["", ["read", "create", "replace", "replace"]]);
  });

  it("leaves the Lease of another alone", async () => {
    const lease = new FakeLease(held);
    const standby = new Candidate(lease, "me");
    await settle();
    await standby.leadership.release();
    assert.deepEqual([standby.requests, lease.lease?.spec, standby.clock.waiting], [["read"], held, 0]);
  });

  it("does not fail when the API server is away", async () => {
    const { leader } = await leading();
    leader.way = "refused";
    await leader.leadership.release();
    assert.match(leader.lines.at(-1) ?? "", /the Lease was not released/);
  });
});

describe("processIdentity", () => {
  it("differs between two processes in one pod", () => {
    const [one, two] = [processIdentity(), processIdentity()];
    assert.match(one, /^[^_]+_[0-9a-f]{8}-[0-9a-f-]{27}$/);
    assert.notEqual(one, two);
  });
});

const event = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom("refused", "silent", "open", "slow", "suspend", "resume", "annotate", "nothing"),
  thenMs: fc.constantFrom(100, 500, 1_000, 3_000, 7_000, 12_000),
});

describe("three operators, whatever happens to them", () => {
  it("never let two write at one time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40, size: "max" }), async (events) => {
        const lease = new FakeLease();
        const candidates = ["a", "b", "c"].map((name) => new Candidate(lease, name));
        for (const { who, what, thenMs } of events) {
          befall(candidates[who], lease, what);
          await passTogether(candidates, thenMs, () => {
            const writers = candidates.filter(({ suspended, mayWrite }) => !suspended && mayWrite);
            assert.ok(writers.length <= 1, `${writers.length} may write`);
          });
        }
        // And when all is well again, one of those that are still there leads, unless all have lost and exited.
        for (const candidate of candidates) for (const cure of ["open", "resume"]) befall(candidate, lease, cure);
        await passTogether(candidates, 40_000, () => {});
        const alive = candidates.filter(({ lost }) => lost === undefined);
        assert.equal(candidates.filter(({ mayWrite }) => mayWrite).length, Math.min(alive.length, 1));
      }),
      { numRuns: 30 },
    );
  });
});

function befall(candidate: Candidate | undefined, lease: FakeLease, what: string): void {
  if (candidate === undefined) return;
  if (what === "refused" || what === "silent" || what === "open") candidate.way = what;
  if (what === "open") candidate.latencyMs = 0;
  if (what === "slow") candidate.latencyMs = 4_000;
  if (what === "suspend") candidate.suspend();
  if (what === "resume") candidate.resume();
  if (what === "annotate") lease.annotate();
}

/** In small steps, and after each the check, also at the moment when a suspended process wakes. */
async function passTogether(candidates: readonly Candidate[], ms: number, check: () => void): Promise<void> {
  check();
  for (let passed = 0; passed < ms; passed += 500) {
    for (const candidate of candidates) await candidate.pass(Math.min(500, ms - passed));
    check();
  }
}
