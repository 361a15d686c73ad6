/** The operator behind watches that break in every way: it hears of every change, and never asks more than it must. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { emptyAnswer, refusal, type RequestFault, type WatchFault } from "../../faults/fault.ts";
import { startFaultProxy } from "../../faults/proxy.ts";
import type { RequestMatch } from "../../faults/request.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const lists: RequestMatch = { verb: "list" };
const watches: RequestMatch = { verb: "watch" };

/** So many operators at a time: a case is mostly waiting, but an operator that starts takes a processor. */
const atOnce = 4;

interface Case {
  readonly title: string;
  /** What befalls all watches at once. */
  readonly strike: WatchFault["kind"];
  /** And then the requests that follow, so many for each kind. */
  readonly next?: { readonly fault: RequestFault; readonly on: RequestMatch; readonly times: number };
  /** How many there may be, for each kind. */
  readonly most: Requests;
}

interface Requests {
  readonly lists: number;
  readonly watches: number;
}

const cases: readonly Case[] = [
  { title: "their connections are reset", strike: "reset", most: { lists: 0, watches: 1 } },
  { title: "the server ends them", strike: "end", most: { lists: 0, watches: 1 } },
  { title: "they say 410", strike: "expire", most: { lists: 1, watches: 1 } },
  { title: "their next events break off in the middle", strike: "half-line", most: { lists: 0, watches: 1 } },
  {
    title: "the next are refused with 410",
    strike: "end",
    next: { fault: refusal(410, "Expired"), on: watches, times: 1 },
    most: { lists: 1, watches: 2 },
  },
  {
    title: "the next are refused with 429 and told when to come again",
    strike: "reset",
    next: { fault: refusal(429, "TooManyRequests", { retryAfterSeconds: 1 }), on: watches, times: 1 },
    most: { lists: 0, watches: 2 },
  },
  {
    title: "the next two of each are refused with 500",
    strike: "end",
    next: { fault: refusal(500, "InternalError"), on: watches, times: 2 },
    most: { lists: 0, watches: 3 },
  },
  {
    title: "the next three of each end at once",
    strike: "end",
    next: { fault: emptyAnswer, on: watches, times: 3 },
    most: { lists: 0, watches: 4 },
  },
  {
    title: "the lists after a 410 are reset",
    strike: "expire",
    next: { fault: { kind: "reset" }, on: lists, times: 1 },
    most: { lists: 2, watches: 1 },
  },
];

describe("watches that break", function () {
  this.timeout(180_000);

  for (let first = 0; first < cases.length; first += atOnce) {
    const together = cases.slice(first, first + atOnce);
    describe(`operators ${first + 1} to ${first + together.length}`, () => {
      const runs = new Map<Case, Promise<Requests>>();
      before(async () => {
        for (const one of together) runs.set(one, requestsOf(one));
        await Promise.allSettled(runs.values());
      });

      for (const one of together) {
        const { title, most } = one;
        it(`lose nothing when ${title}, and cost at most ${told(most)} per kind`, async () => {
          const made = (await runs.get(one)) ?? assert.fail();
          assert.ok(made.lists <= most.lists, `${made.lists} lists per kind`);
          assert.ok(made.watches <= most.watches, `${made.watches} watches per kind`);
        });
      }
    });
  }
});

function told({ lists, watches }: Requests): string {
  return watches === Infinity ? `${lists} lists` : `${lists} lists and ${watches} watches`;
}

/**
 * What a case costs, per kind; fails when the operator misses a change. The operator is a fresh one: a watch that breaks
 * again and again is begun anew later and later.
 */
async function requestsOf({ strike, next }: Case): Promise<Requests> {
  await using work = await Workspace.open(await operatorCluster());
  await using proxy = await startFaultProxy(await loadConnection({ kubeconfig: await work.operatorKubeconfig() }));
  const kubeconfig = join(work.cluster.directory, `${work.operatorNamespace}.watches.kubeconfig`);
  await proxy.writeKubeconfig(kubeconfig);
  await work.startOperator({ kubeconfig });

  /** The watches of an operator at rest: one per kind. */
  let kinds = 0;
  const before = { lists: 0, watches: 0 };
  await everythingChanges(work, async () => {
    // Not all begin before it leads.
    await until("all watches", () => {
      kinds = proxy.openWatches;
      return proxy.count({ verb: "list", resource: "jobs" }) > 0 && proxy.count(lists) === kinds ? true : undefined;
    });
    Object.assign(before, { lists: proxy.count(lists), watches: proxy.count(watches) });
    if (next !== undefined) proxy.inject(next.fault, next.on, next.times * kinds);
    assert.equal(proxy.strike({ kind: strike }), kinds);
  });
  const made = { lists: proxy.count(lists) - before.lists, watches: proxy.count(watches) - before.watches };
  proxy.withdraw();
  await until("all watches", () => (proxy.openWatches >= kinds ? true : undefined));
  return { lists: made.lists / kinds, watches: made.watches / kinds };
}

/** Changes of every sort while the watches are broken; resolves when the operator has answered all of them. */
async function everythingChanges(work: Workspace, begin: () => Promise<void>): Promise<void> {
  const settled = ["edited", "drifted", "emptied", "again"];
  for (const name of settled) await work.apply(name);
  for (const name of settled) await work.untilReady(name);
  const again = await work.delete(serviceType, "again");

  await begin();
  await work.apply("again");
  await work.apply("edited", { autoscaling: { horizontal: { maxReplicas: 5 } } });
  await work.apply("added");
  await work.patch(childKinds.service.type, "drifted", [
    { op: "replace", path: "/spec/selector", value: { app: "theirs" } },
  ]);
  await work.delete(childKinds.podDisruptionBudget.type, "emptied");

  await until("the edit's effect", async () => {
    const scaler = (await work.child("horizontalPodAutoscaler", "edited")) as KubeObject & {
      spec: { maxReplicas: number };
    };
    return scaler.spec.maxReplicas === 5 ? true : undefined;
  });
  await until("the drift's repair", async () => {
    const service = (await work.child("service", "drifted")) as KubeObject & { spec: { selector: object } };
    return "app" in service.spec.selector ? undefined : true;
  });
  await until("what was deleted", () => work.get(childKinds.podDisruptionBudget.type, "emptied"));
  await work.untilReady("added");
  await work.untilReady("again");
  const { metadata } = (await work.service("again")) ?? assert.fail();
  assert.notEqual(metadata.uid, again.metadata.uid);
  for (const child of await work.children("again")) {
    assert.equal(child.metadata.ownerReferences?.[0]?.uid, metadata.uid);
  }
}
