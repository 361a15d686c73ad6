import assert from "node:assert/strict";
import type { ObjectKey } from "../kube/object.ts";
import { DeviceLedger } from "./device-ledger.ts";
import { driver, sampleClaim, sampleClass, sampleDevice, sampleSlice } from "./devices.sample.ts";
import type { DeviceTaintRuleView } from "./device-taint-rule-view.ts";
import { samplePod } from "./pod-view.sample.ts";
import type { ResourceClaimView } from "./resource-claim-view.ts";
import type { ResourceSliceView } from "./resource-slice-view.ts";
import { added, deleted, updated } from "./store-change.sample.ts";

function ledgerOf(slices: readonly ResourceSliceView[], services: ReadonlyMap<ObjectKey, ObjectKey> = new Map()) {
  const ledger = new DeviceLedger((pod) => services.get(pod));
  for (const slice of slices) ledger.observeSlice(added(slice));
  return ledger;
}

function claimed(claim: ResourceClaimView) {
  return { ...added(claim), key: claim.key };
}

describe("the ledger of DRA's devices", () => {
  const of = (generation: number, slices: number) => ({ name: "a", generation, slices });
  const twice = sampleSlice("a", ["gpu-0"], { name: "z" });
  const consuming = sampleDevice("gpu-0", { consumes: { memory: { slices: 1 } } });
  const pools: {
    readonly [title: string]: {
      readonly slices: readonly ResourceSliceView[];
      /** Names of the current slices; undefined: the scheduler skips the pool. */
      readonly current: readonly string[] | undefined;
    };
  } = {
    "one slice": { slices: [sampleSlice("a", ["gpu-0"])], current: ["a-gpu"] },
    "several, by name": {
      slices: [
        sampleSlice("a", ["gpu-1"], { name: "2", pool: of(1, 2) }),
        sampleSlice("a", ["gpu-0"], { name: "1", pool: of(1, 2) }),
      ],
      current: ["1", "2"],
    },
    "those of the highest generation": {
      slices: [
        sampleSlice("a", ["gpu-0", "gpu-1"], { name: "old", pool: of(1, 1) }),
        sampleSlice("a", ["gpu-0"], { name: "new", pool: of(2, 1) }),
      ],
      current: ["new"],
    },
    "none while the driver replaces them": {
      slices: [
        sampleSlice("a", ["gpu-0"], { name: "old", pool: of(1, 1) }),
        sampleSlice("a", ["gpu-0"], { name: "new", pool: of(2, 2) }),
      ],
      current: undefined,
    },
    "none with a device twice": {
      slices: [twice, sampleSlice("a", ["gpu-0"])].map((slice) => ({ ...slice, pool: of(1, 2) })),
      current: undefined,
    },
    "none with a counter that no set has": { slices: [sampleSlice("a", [consuming])], current: undefined },
    "a counter that a set has": {
      slices: [sampleSlice("a", [consuming], { counterSets: { memory: { slices: 7 } } })],
      current: ["a-gpu"],
    },
  };
  for (const [title, { slices, current }] of Object.entries(pools)) {
    it(`takes of a pool ${title}`, () => {
      const [pool] = ledgerOf(slices).snapshot().pools;
      assert.deepEqual(pool?.isUsable === true ? pool.slices.map(({ name }) => name) : undefined, current);
    });
  }

  it("names the service of a pod as the holder, also when the pod is observed after its claim", () => {
    const services = new Map<ObjectKey, ObjectKey>();
    const ledger = ledgerOf([sampleSlice("a", ["gpu-0"])], services);
    ledger.observeClaim(claimed(sampleClaim("p", ["a/gpu-0"])));
    const holders = () =>
      ledger
        .snapshot()
        .allocations.get(`${driver}/a`)
        ?.map(({ holder }) => holder);
    assert.deepEqual(holders(), ["media/p"]);
    services.set("media/p", "media/upscaler");
    ledger.observePod({ ...added(samplePod()), key: "media/p" });
    assert.deepEqual(holders(), ["media/upscaler"]);
  });

  it("names a claim that no pod uses", () => {
    const ledger = ledgerOf([sampleSlice("a", ["gpu-0"])]);
    ledger.observeClaim(claimed(sampleClaim("spare", ["a/gpu-0"], { pods: [] })));
    assert.deepEqual(
      [...ledger.snapshot().allocations.values()].flat().map(({ holder }) => holder),
      ["media/spare-gpu"],
    );
  });

  it("follows claims that are allocated, released and deleted, and slices and classes that vanish", () => {
    const slice = sampleSlice("a", ["gpu-0"]);
    const ledger = ledgerOf([slice]);
    const counts = () => {
      const { allocations, pools: all, classes } = ledger.snapshot();
      return [[...allocations.values()].flat().length, all.length, classes.size];
    };
    const [pending, allocated] = [sampleClaim("p", []), sampleClaim("p", ["a/gpu-0"])];
    const key = pending.key;
    ledger.observeClass(added(sampleClass()));
    ledger.observeClaim(claimed(pending));
    assert.deepEqual(counts(), [0, 1, 1]);
    ledger.observeClaim({ ...updated(pending, allocated), key });
    assert.deepEqual(counts(), [1, 1, 1]);
    ledger.observeClaim({ ...updated(allocated, pending), key });
    assert.deepEqual(counts(), [0, 1, 1]);
    ledger.observeClaim({ ...updated(pending, allocated), key });
    ledger.observeClaim({ ...deleted(allocated), key });
    ledger.observeSlice(deleted(slice));
    ledger.observeClass(deleted(sampleClass()));
    assert.deepEqual(counts(), [0, 0, 0]);
  });

  it("leaves a snapshot as it was, and keeps the pools that a change does not concern", () => {
    const ledger = ledgerOf([sampleSlice("a", ["gpu-0"]), sampleSlice("b", ["gpu-0"])]);
    const before = ledger.snapshot();
    assert.equal(ledger.snapshot(), before);
    ledger.observeClaim(claimed(sampleClaim("p", ["a/gpu-0"])));
    const now = ledger.snapshot();
    assert.deepEqual([before.allocations.size, now.allocations.size], [0, 1]);
    assert.equal(now.pools, before.pools);
    ledger.observeSlice(updated(sampleSlice("b", ["gpu-0"]), sampleSlice("b", ["gpu-0", "gpu-1"])));
    const last = ledger.snapshot();
    assert.equal([...last.allocations.values()][0], [...now.allocations.values()][0]);
    assert.deepEqual(
      last.pools.map((pool, index) => pool === now.pools[index]),
      [true, false],
    );
  });

  // As the scheduler's resourceslice/tracker of Kubernetes 1.37 applies them.
  it("has the taints that rules add to devices, until they are deleted", () => {
    const own = { key: "xid", effect: "NoSchedule" };
    const ledger = ledgerOf([
      sampleSlice("a", [sampleDevice("gpu-0", { taints: [own] }), "gpu-1"]),
      sampleSlice("b", ["gpu-0"]),
    ]);
    const rule = (name: string, selector: Partial<DeviceTaintRuleView>): DeviceTaintRuleView => {
      const taint = { key: name, effect: "NoSchedule" };
      return { name, driver: undefined, pool: undefined, device: undefined, ...selector, taint };
    };
    const taints = () =>
      ledger
        .snapshot()
        .pools.map(({ slices }) =>
          slices.flatMap(({ devices }) => devices.map((device) => device.taints.map(({ key }) => key).join())),
        );
    const all = rule("all", {});
    for (const one of [
      all,
      rule("driver", { driver: "other.example.com" }),
      rule("pool", { driver, pool: "b" }),
      rule("device", { pool: "a", device: "gpu-1" }),
    ]) {
      ledger.observeTaintRule(added(one));
    }
    assert.deepEqual(taints(), [["xid,all", "all,device"], ["all,pool"]]);
    ledger.observeTaintRule(deleted(all));
    assert.deepEqual(taints(), [["xid", "device"], ["pool"]]);
  });

  it("forgets the objects of each API that is no longer served, and keeps the others", () => {
    const ledger = ledgerOf([sampleSlice("a", ["gpu-0"])]);
    ledger.observeClass(added(sampleClass()));
    ledger.observeClaim(claimed(sampleClaim("p", ["a/gpu-0"])));
    const taint = { key: "xid", effect: "NoSchedule" };
    ledger.observeTaintRule(added({ name: "all", driver: undefined, pool: undefined, device: undefined, taint }));
    const counts = (): object => {
      const { allocations, pools: all, classes } = ledger.snapshot();
      const taints = all.flatMap(({ slices }) => slices).flatMap(({ devices }) => devices.flatMap((one) => one.taints));
      return { classes: classes.size, claims: allocations.size, taints: taints.length, pools: all.length };
    };
    assert.deepEqual(counts(), { classes: 1, claims: 1, taints: 1, pools: 1 });
    ledger.forgetTaintRules();
    assert.deepEqual(counts(), { classes: 1, claims: 1, taints: 0, pools: 1 });
    ledger.forgetClaims();
    assert.deepEqual(counts(), { classes: 1, claims: 0, taints: 0, pools: 1 });
    ledger.forgetClasses();
    assert.deepEqual(counts(), { classes: 0, claims: 0, taints: 0, pools: 1 });
    ledger.forgetSlices();
    assert.deepEqual(counts(), { classes: 0, claims: 0, taints: 0, pools: 0 });
  });
});
