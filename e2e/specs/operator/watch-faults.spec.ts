/** The operator behind watches that break in every way: it hears of every change, and never asks more than it must. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { childKinds } from "@gpumedia/operator/src/desired/kinds.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/world.ts";
import { emptyAnswer, refusal, type RequestFault, type WatchFault } from "../../faults/fault.ts";
import { startFaultProxy, type FaultProxy } from "../../faults/proxy.ts";
import type { RequestMatch } from "../../faults/request.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const lists: RequestMatch = { verb: "list" };
const watches: RequestMatch = { verb: "watch" };

describe("watches that break", function () {
  this.timeout(120_000);
  let work: Workspace;
  let proxy: FaultProxy;
  /** The watches of an operator at rest: one per kind. */
  let kinds = 0;
  let round = 0;

  async function start(parameters: readonly string[]): Promise<void> {
    work = await Workspace.open(await operatorCluster());
    proxy = await startFaultProxy(await loadConnection({ kubeconfig: await work.operatorKubeconfig() }));
    const kubeconfig = join(work.cluster.directory, `${work.operatorNamespace}.watches.kubeconfig`);
    await proxy.writeKubeconfig(kubeconfig);
    await work.startOperator({ kubeconfig, parameters });
    kinds = proxy.count(lists);
    await until("all watches", () => (proxy.openWatches === kinds ? true : undefined));
  }

  async function stop(): Promise<void> {
    await work?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  }

  /** Changes of every sort while the watches are broken; resolves when the operator has answered all of them. */
  async function everythingChanges(begin: () => void): Promise<void> {
    const name = (what: string): string => `${what}-${round}`;
    round++;
    for (const what of ["edited", "drifted", "emptied", "again"]) await work.apply(name(what));
    for (const what of ["edited", "drifted", "emptied", "again"]) await work.untilReady(name(what));
    const again = await work.delete(serviceType, name("again"));

    begin();
    await work.apply(name("again"));
    await work.apply(name("edited"), { autoscaling: { horizontal: { maxReplicas: 5 } } });
    await work.apply(name("added"));
    await work.patch(childKinds.service.type, name("drifted"), [
      { op: "replace", path: "/spec/selector", value: { app: "theirs" } },
    ]);
    await work.delete(childKinds.podDisruptionBudget.type, name("emptied"));

    await until("the edit's effect", async () => {
      const scaler = (await work.child("horizontalPodAutoscaler", name("edited"))) as KubeObject & {
        spec: { maxReplicas: number };
      };
      return scaler.spec.maxReplicas === 5 ? true : undefined;
    });
    await until("the drift's repair", async () => {
      const service = (await work.child("service", name("drifted"))) as KubeObject & { spec: { selector: object } };
      return "app" in service.spec.selector ? undefined : true;
    });
    await until("what was deleted", () => work.get(childKinds.podDisruptionBudget.type, name("emptied")));
    await work.untilReady(name("added"));
    await work.untilReady(name("again"));
    const { metadata } = (await work.service(name("again"))) ?? assert.fail();
    assert.notEqual(metadata.uid, again.metadata.uid);
    for (const child of await work.children(name("again"))) {
      assert.equal(child.metadata.ownerReferences?.[0]?.uid, metadata.uid);
    }
  }

  describe("for a moment", () => {
    before(() => start([]));
    after(stop);
    afterEach(() => proxy.withdraw());

    /** What befalls all watches at once, then the requests that follow; and how many there may be, for each kind. */
    const faults: {
      readonly title: string;
      readonly strike: WatchFault["kind"];
      readonly next?: { readonly fault: RequestFault; readonly on: RequestMatch; readonly times: number };
      readonly lists: number;
      readonly watches: number;
    }[] = [
      { title: "their connections are reset", strike: "reset", lists: 0, watches: 1 },
      { title: "the server ends them", strike: "end", lists: 0, watches: 1 },
      { title: "they say 410", strike: "expire", lists: 1, watches: 1 },
      { title: "their next events break off in the middle", strike: "half-line", lists: 0, watches: 1 },
      {
        title: "the next are refused with 410",
        strike: "end",
        next: { fault: refusal(410, "Expired"), on: watches, times: 1 },
        lists: 1,
        watches: 2,
      },
      {
        title: "the next are refused with 429 and told when to come again",
        strike: "reset",
        next: { fault: refusal(429, "TooManyRequests", { retryAfterSeconds: 1 }), on: watches, times: 1 },
        lists: 0,
        watches: 2,
      },
      {
        title: "the next two of each are refused with 500",
        strike: "end",
        next: { fault: refusal(500, "InternalError"), on: watches, times: 2 },
        lists: 0,
        watches: 3,
      },
      {
        title: "the next three of each end at once",
        strike: "end",
        next: { fault: emptyAnswer, on: watches, times: 3 },
        lists: 0,
        watches: 4,
      },
      {
        title: "the lists after a 410 are reset",
        strike: "expire",
        next: { fault: { kind: "reset" }, on: lists, times: 1 },
        lists: 2,
        watches: 1,
      },
    ];
    for (const { title, strike, next, ...most } of faults) {
      it(`lose nothing when ${title}, and cost at most ${most.lists} lists and ${most.watches} watches per kind`, async () => {
        const before = { lists: 0, watches: 0 };
        await everythingChanges(() => {
          Object.assign(before, { lists: proxy.count(lists), watches: proxy.count(watches) });
          if (next !== undefined) proxy.inject(next.fault, next.on, next.times * kinds);
          assert.equal(proxy.strike({ kind: strike }), kinds);
        });
        const made = { lists: proxy.count(lists) - before.lists, watches: proxy.count(watches) - before.watches };
        assert.ok(made.lists <= most.lists * kinds, `${made.lists} lists of ${kinds} kinds`);
        assert.ok(made.watches <= most.watches * kinds, `${made.watches} watches of ${kinds} kinds`);
        proxy.withdraw();
        await until("all watches", () => (proxy.openWatches >= kinds ? true : undefined));
      });
    }
  });

  describe("and say so by saying nothing", () => {
    before(() => start(["--watch-silence=3s"]));
    after(stop);

    it("lose nothing: they are begun anew, without a list", async () => {
      let before = 0;
      await everythingChanges(() => {
        before = proxy.count(lists);
        assert.ok(proxy.strike({ kind: "silence" }) > 0);
      });
      assert.equal(proxy.count(lists), before);
    });
  });
});
