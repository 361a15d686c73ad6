import assert from "node:assert/strict";
import * as fc from "fast-check";
import { settle } from "./clock.fake.ts";
import { Candidate, FakeLease } from "./leader.fake.ts";
import { NotLeader, processIdentity } from "./leader.ts";
import { claim, released, type LeaseSpec } from "./leader-lease.ts";

/** The given number of seconds after 2026-01-01, where the tests' clocks start. */
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
  const cases: Readonly<Record<string, { before: LeaseSpec | undefined; after: LeaseSpec }>> = {
    "is new when taken for the first time": {
      before: undefined,
      after: { ...held, holderIdentity: "me", acquireTime: at(7), renewTime: at(7), leaseTransitions: 0 },
    },
    "counts a transition when taken from another holder": {
      before: held,
      after: { ...held, holderIdentity: "me", acquireTime: at(7), renewTime: at(7), leaseTransitions: 5 },
    },
    "counts a transition when taken after a release": {
      before: { holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 4 },
      after: { ...held, holderIdentity: "me", acquireTime: at(7), renewTime: at(7), leaseTransitions: 5 },
    },
    "keeps acquireTime when renewed": {
      before: { ...held, holderIdentity: "me" },
      after: { ...held, holderIdentity: "me", renewTime: at(7) },
    },
  };
  for (const [what, { before, after }] of Object.entries(cases)) {
    it(what, () => assert.deepEqual(claim(before, "me", 15_000, Date.parse(at(7))), after));
  }

  it("rounds its duration up to whole seconds, so that no standby takes over early", () => {
    assert.equal(claim(undefined, "me", 1_500, 0).leaseDurationSeconds, 2);
  });

  it("has no holder when released", () => {
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
  it("leads immediately when there is no Lease", async () => {
    const { lease, leader } = await leading();
    assert.deepEqual([lease.holder, leader.requests, leader.mayWrite], ["me", ["read", "create"], true]);
  });

  it("leads immediately when the Lease was released", async () => {
    const lease = new FakeLease(released(held, 0));
    const candidate = new Candidate(lease, "me");
    await settle();
    assert.deepEqual([candidate.elected, lease.lease?.spec?.leaseTransitions], [true, 5]);
  });

  for (const renewTime of [at(-3600), at(3600)]) {
    it(`waits leaseDuration by its own clock, although the holder's renewTime is ${renewTime}`, async () => {
      const candidate = new Candidate(new FakeLease({ ...held, renewTime }), "me");
      await candidate.pass(14_999);
      assert.deepEqual([candidate.elected, candidate.requests.includes("replace")], [false, false]);
      await candidate.pass(1);
      assert.ok(candidate.elected);
    });
  }

  it("does not count an annotation as a renewal", async () => {
    const lease = new FakeLease(held);
    const candidate = new Candidate(lease, "me");
    await candidate.pass(10_000);
    lease.annotate();
    await candidate.pass(5_000);
    assert.ok(candidate.elected);
  });

  it("starts waiting again after each renewal", async () => {
    const lease = new FakeLease(held);
    const candidate = new Candidate(lease, "me");
    await candidate.pass(10_000);
    lease.store({ ...held, renewTime: at(10) });
    await candidate.pass(14_999);
    assert.equal(candidate.elected, false);
    // It observes the renewal up to one check later.
    await candidate.pass(2_001);
    assert.equal(candidate.elected, true);
  });

  it("waits for the holder's leaseDurationSeconds when that is longer than its own setting", async () => {
    const candidate = new Candidate(new FakeLease({ ...held, leaseDurationSeconds: 30 }), "me");
    await candidate.pass(29_999);
    assert.equal(candidate.elected, false);
    await candidate.pass(1);
    assert.equal(candidate.elected, true);
  });

  it("refuses writes", async () => {
    const candidate = new Candidate(new FakeLease(held), "me");
    await settle();
    assert.throws(() => candidate.leadership.fence(), new NotLeader("write refused: this process is a standby"));
    assert.equal(candidate.leadership.isLeader(), false);
  });

  it("survives an unreachable API server", async () => {
    const lease = new FakeLease(released(held, 0));
    const candidate = new Candidate(lease, "me");
    candidate.network = "refused";
    await candidate.pass(60_000);
    candidate.network = "open";
    await candidate.pass(2_000);
    assert.deepEqual([candidate.elected, candidate.lost], [true, undefined]);
  });

  it("logs the holder once, not at each check", async () => {
    const lease = new FakeLease(held);
    const candidate = new Candidate(lease, "me");
    for (let second = 0; second < 30; second += 5) {
      lease.store({ ...held, renewTime: at(second) });
      await candidate.pass(5_000);
    }
    assert.deepEqual(candidate.lines, [`{"level":30,"holder":"other","msg":"standing by"}\n`]);
  });

  it("does not lead on a response that arrived while the process was suspended", async () => {
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

  for (const network of ["refused", "silent"] as const) {
    it(`keeps leading for renewDeadline while connections are ${network}, then has lost the Lease`, async () => {
      const { leader } = await leading();
      await leader.pass(2_000);
      leader.network = network;
      await leader.pass(9_999);
      assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
      await leader.pass(1);
      assert.deepEqual([leader.mayWrite, leader.lost], [false, "failed to renew the Lease for 10 s"]);
    });
  }

  it("keeps leading when a renewal succeeds before renewDeadline", async () => {
    const { leader } = await leading();
    leader.network = "refused";
    await leader.pass(7_000);
    leader.network = "open";
    await leader.pass(60_000);
    assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
  });

  it("counts renewDeadline from the start of a renewal, not from its response", async () => {
    const { leader } = await leading();
    leader.latencyMs = 4_000;
    await leader.pass(6_000);
    // Began at 2 s, answered at 6 s.
    leader.network = "refused";
    await leader.pass(5_999);
    assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
    await leader.pass(1);
    assert.deepEqual([leader.mayWrite, leader.lost === undefined], [false, false]);
  });

  it("renews a Lease that was annotated", async () => {
    const { lease, leader } = await leading();
    lease.annotate();
    await leader.pass(2_000);
    assert.deepEqual(leader.requests, ["read", "create", "replace", "read", "replace"]);
    assert.deepEqual([leader.mayWrite, lease.lease?.spec?.renewTime], [true, at(2)]);
  });

  it("recreates a deleted Lease", async () => {
    const { lease, leader } = await leading();
    lease.lease = undefined;
    await leader.pass(2_000);
    assert.deepEqual([leader.mayWrite, lease.holder], [true, "me"]);
  });

  it("loses when another process holds the Lease", async () => {
    const { lease, leader } = await leading();
    lease.store(held);
    await leader.pass(2_000);
    assert.deepEqual([leader.mayWrite, leader.lost], [false, "other holds the Lease"]);
  });

  it("refuses writes after a suspension, before any timer has fired", async () => {
    const { lease, leader } = await leading();
    leader.suspend();
    await leader.pass(10_000);
    lease.store(held);
    leader.resume();
    assert.throws(() => leader.leadership.fence(), new NotLeader("write refused: the Lease was last renewed 10 s ago"));
    await leader.pass(0);
    assert.deepEqual([leader.mayWrite, leader.lost], [false, "failed to renew the Lease for 10 s"]);
    assert.deepEqual(leader.requests, ["read", "create"]);
  });

  it("refuses writes after the machine slept until the Lease is renewed", async () => {
    const { leader } = await leading();
    leader.clock.sleep(60_000);
    assert.equal(leader.mayWrite, false);
    await leader.pass(2_000);
    assert.deepEqual([leader.mayWrite, leader.lost], [true, undefined]);
  });

  it("sends no requests after it has lost the Lease", async () => {
    const { lease, leader } = await leading();
    lease.store(held);
    await leader.pass(2_000);
    const { length } = leader.requests;
    await leader.pass(60_000);
    await leader.leadership.release();
    assert.deepEqual([leader.requests.length, lease.holder, leader.clock.waiting], [length, "other", 0]);
  });

  it("does not retake the Lease when it was lost during a read", async () => {
    const { lease, leader } = await leading();
    leader.latencyMs = 4_500;
    lease.store({ ...held, holderIdentity: "me" });
    // The renewal of 2 s is rejected at 6.5 s, and the read returns at 11 s: after the deadline at 10 s.
    await leader.pass(60_000);
    assert.deepEqual(leader.requests, ["read", "create", "replace", "read"]);
    assert.equal(leader.lost, "failed to renew the Lease for 10 s");
  });
});

describe("a leader that is killed", () => {
  it("is replaced within 20 s, whenever it was killed", async () => {
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
  it("lets the next candidate lead within retryPeriod", async () => {
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

  it("waits for a renewal in flight, then releases", async () => {
    const { lease, leader } = await leading();
    leader.latencyMs = 1_000;
    await leader.pass(2_500);
    const released = leader.leadership.release();
    assert.equal(leader.mayWrite, false);
    await leader.pass(5_000);
    await released;
    assert.deepEqual([lease.holder, leader.requests], ["", ["read", "create", "replace", "replace"]]);
  });

  it("does not change another holder's Lease", async () => {
    const lease = new FakeLease(held);
    const standby = new Candidate(lease, "me");
    await settle();
    await standby.leadership.release();
    assert.deepEqual([standby.requests, lease.lease?.spec, standby.clock.waiting], [["read"], held, 0]);
  });

  it("does not reject when the API server is unreachable", async () => {
    const { leader } = await leading();
    leader.network = "refused";
    await leader.leadership.release();
    assert.match(leader.lines.at(-1) ?? "", /failed to release the Lease/);
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

describe("three operators under random faults", () => {
  it("never allow two writers at the same time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40, size: "max" }), async (events) => {
        const lease = new FakeLease();
        const candidates = ["a", "b", "c"].map((name) => new Candidate(lease, name));
        for (const { who, what, thenMs } of events) {
          inject(candidates[who], lease, what);
          await passTogether(candidates, thenMs, () => {
            const writers = candidates.filter(({ suspended, mayWrite }) => !suspended && mayWrite);
            assert.ok(writers.length <= 1, `${writers.length} may write`);
          });
        }
        // After all faults have ended, one of the remaining processes leads, unless all have lost the Lease and exited.
        for (const candidate of candidates) for (const cure of ["open", "resume"]) inject(candidate, lease, cure);
        await passTogether(candidates, 40_000, () => {});
        const alive = candidates.filter(({ lost }) => lost === undefined);
        assert.equal(candidates.filter(({ mayWrite }) => mayWrite).length, Math.min(alive.length, 1));
      }),
      { numRuns: 30 },
    );
  });
});

function inject(candidate: Candidate | undefined, lease: FakeLease, what: string): void {
  if (candidate === undefined) return;
  if (what === "refused" || what === "silent" || what === "open") candidate.network = what;
  if (what === "open") candidate.latencyMs = 0;
  if (what === "slow") candidate.latencyMs = 4_000;
  if (what === "suspend") candidate.suspend();
  if (what === "resume") candidate.resume();
  if (what === "annotate") lease.annotate();
}

/** Advances in small steps and checks after each one, including the moment when a suspended process resumes. */
async function passTogether(candidates: readonly Candidate[], ms: number, check: () => void): Promise<void> {
  check();
  for (let passed = 0; passed < ms; passed += 500) {
    for (const candidate of candidates) await candidate.pass(Math.min(500, ms - passed));
    check();
  }
}
