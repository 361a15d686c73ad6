import assert from "node:assert/strict";
import type { StoredService } from "../observe/cluster-cache.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { Memory } from "./memory.ts";
import { enterGate, leaveGate } from "./rollout-gate.ts";

/** Serves what the template hash `before` stands for; its spec has not changed. */
function stored(change: object = {}): StoredService {
  const conditions = [{ type: "Available", status: "True" }];
  const status = { observedGeneration: 1, rollout: { templateHash: "before" }, conditions, ...change };
  const metadata = { namespace: "media", name: "mine", uid: "mine", generation: 1 };
  return { metadata, status } as unknown as StoredService;
}

const rollout = { strategy: "Surge", message: "", templateHash: "after" } as const;

function enter(memory: Memory, name: string, rolling: readonly string[] = [], service = stored()): string | undefined {
  const key = `media/${name}` as const;
  const metadata = { ...service.metadata, name, uid: name };
  const snapshot = {
    key,
    stored: { ...service, metadata },
    rolling: new Set(rolling.map((one) => `media/${one}` as const)),
  };
  const queued = enterGate(snapshot, rollout, memory, 2);
  return queued?.kind === "Waiting" ? queued.message : undefined;
}

describe("the gate of rollouts", () => {
  let memory: Memory;
  beforeEach(() => (memory = new Memory({ clock: new FakeClock(), onSharedChange: () => {} })));

  it("lets services through up to the limit, and names those that hold it", () => {
    assert.equal(enter(memory, "mine", ["a"]), undefined);
    assert.equal(
      enter(memory, "another", ["a"]),
      "its profile has changed; waiting for the rollouts of 2 other services (media/a, media/mine)",
    );
  });

  it("counts a service that entered until it leaves: two reconciles at once would both pass", () => {
    assert.deepEqual(
      ["a", "b", "c"].map((name) => enter(memory, name) === undefined),
      [true, true, false],
    );
    leaveGate(memory.of("media/a", "a"));
    assert.equal(enter(memory, "c"), undefined);
  });

  it("does not count a service that entered and is forgotten", () => {
    for (const name of ["a", "b"]) enter(memory, name);
    memory.forget("media/a");
    assert.equal(enter(memory, "c"), undefined);
  });

  it("does not count the service itself, which has been let through before", () => {
    assert.equal(enter(memory, "mine", ["a", "mine"]), undefined);
  });

  const free: { readonly [title: string]: { readonly service: StoredService } } = {
    "whose spec was edited": { service: stored({ observedGeneration: 0 }) },
    "that does not serve": { service: stored({ conditions: [] }) },
    "whose pods stay": { service: stored({ rollout: { templateHash: "after" } }) },
    "that has no pods yet": { service: stored({ rollout: undefined }) },
  };
  for (const [title, { service }] of Object.entries(free)) {
    it(`does not limit a service ${title}`, () => {
      assert.equal(enter(memory, "mine", ["a", "b"], service), undefined);
      assert.deepEqual(memory.enteringRollouts(), []);
    });
  }
});
