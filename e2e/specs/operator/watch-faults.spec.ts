/** Watches that break in every way: the operator observes every change, with a bounded number of requests. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { emptyAnswer, refusal, type RequestFault, type WatchFault } from "../../faults/fault.ts";
import type { RequestMatch } from "../../faults/request.ts";
import { until } from "../../cluster/until.ts";
import { lists, requestsInPages, streams, streamsByDefault, watches, type Requests } from "../list-requests.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

/** At the operator's start. */
const listsPerKind = streamsByDefault ? 1 : 2;

/** Number of operators that run in parallel. A case mostly waits, but the start of an operator uses a whole CPU core. */
const atOnce = 4;

interface Case {
  readonly title: string;
  /** Happens to all watches at once. */
  readonly strike: WatchFault["kind"];
  /** Happens to the requests that follow, `times` for each kind. */
  readonly next?: { readonly fault: RequestFault; readonly on: RequestMatch; readonly times: number };
  /** Upper limits for each kind. */
  readonly most: Requests;
  /** The same where the API server streams no lists; without it, those of `requestsInPages`. */
  readonly inPages?: Requests;
}

const cases: readonly Case[] = [
  { title: "connections are reset", strike: "reset", most: { lists: 0, watches: 1 } },
  { title: "the server ends watches", strike: "end", most: { lists: 0, watches: 1 } },
  { title: "watches expire with 410", strike: "expire", most: { lists: 1, watches: 0 } },
  { title: "an event is cut off in the middle", strike: "half-line", most: { lists: 0, watches: 1 } },
  {
    title: "the next watches are rejected with 410",
    strike: "end",
    next: { fault: refusal(410, "Expired"), on: watches, times: 1 },
    most: { lists: 1, watches: 1 },
  },
  {
    title: "the next watches are rejected with 429 and Retry-After",
    strike: "reset",
    next: { fault: refusal(429, "TooManyRequests", { retryAfterSeconds: 1 }), on: watches, times: 1 },
    most: { lists: 0, watches: 2 },
  },
  {
    title: "the next two watches of each kind are rejected with 500",
    strike: "end",
    next: { fault: refusal(500, "InternalError"), on: watches, times: 2 },
    most: { lists: 0, watches: 3 },
  },
  {
    title: "the next three watches of each kind end at once",
    strike: "end",
    next: { fault: emptyAnswer, on: watches, times: 3 },
    most: { lists: 0, watches: 4 },
  },
  {
    title: "lists after a 410 are reset",
    strike: "expire",
    next: { fault: { kind: "reset" }, on: lists, times: 1 },
    most: { lists: 2, watches: 1 },
    inPages: { lists: 2, watches: 1 },
  },
  {
    title: "streams after a 410 break after one event",
    strike: "expire",
    next: { fault: { kind: "cut", afterEvents: 1 }, on: streams, times: 1 },
    most: { lists: 2, watches: 1 },
    inPages: { lists: 2, watches: 1 },
  },
  {
    title: "the API server refuses streams after a 410",
    strike: "expire",
    next: { fault: refusal(422, "Invalid"), on: streams, times: 1 },
    most: { lists: 2, watches: 1 },
    inPages: { lists: 2, watches: 1 },
  },
];

describe("watches that break", () => {
  for (let first = 0; first < cases.length; first += atOnce) {
    const together = cases.slice(first, first + atOnce);
    describe(`operators ${first + 1} to ${first + together.length}`, () => {
      const runs = new Map<Case, Promise<Requests>>();
      before(async () => {
        for (const one of together) runs.set(one, requestsOf(one));
        await Promise.allSettled(runs.values());
      });

      for (const one of together) {
        const { title } = one;
        const most = streamsByDefault ? one.most : (one.inPages ?? requestsInPages(one.most));
        it(`lose no change when ${title}: at most ${most.lists} lists and ${most.watches} watches per kind`, async () => {
          const made = (await runs.get(one)) ?? assert.fail();
          assert.ok(made.lists <= most.lists, `${made.lists} lists per kind`);
          assert.ok(made.watches <= most.watches, `${made.watches} watches per kind`);
        });
      }
    });
  }
});

/**
 * Returns the number of requests per kind; fails when the operator misses a change. Each case starts an operator, because
 * the back-off of a watch that breaks repeatedly grows.
 */
async function requestsOf({ strike, next }: Case): Promise<Requests> {
  await using work = await Workspace.open(await operatorCluster());
  const { proxy, kubeconfig } = await work.startFaultProxy();
  await work.startOperator({ kubeconfig });

  /** Number of kinds, each of which the operator watches once. */
  let kinds = 0;
  const before = { lists: 0, watches: 0 };
  await everythingChanges(work, async () => {
    // Some start only once the operator leads.
    await until("a watch of each kind", (see) => {
      kinds = see(proxy.openWatches);
      const listed = proxy.count(lists) / listsPerKind;
      return proxy.count({ verb: "watch", resource: "jobs" }) > 0 && listed === kinds;
    });
    Object.assign(before, { lists: proxy.count(lists), watches: proxy.count(watches) });
    if (next !== undefined) proxy.inject(next.fault, next.on, next.times * kinds);
    assert.equal(proxy.strike({ kind: strike }), kinds);
  });
  const made = { lists: proxy.count(lists) - before.lists, watches: proxy.count(watches) - before.watches };
  proxy.withdraw();
  await until(`${kinds} open watches`, (see) => see(proxy.openWatches) >= kinds);
  return { lists: made.lists / kinds, watches: made.watches / kinds };
}

/** Makes changes of every kind while the watches are broken, and waits until the operator has handled all of them. */
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

  await until("maxReplicas of the edited service to be 5", async (see) => {
    const { spec } = await work.child("horizontalPodAutoscaler", "edited");
    return see(spec.maxReplicas) === 5;
  });
  await until("the Service's selector to be repaired", async (see) => {
    const { spec } = await work.child("service", "drifted");
    return !("app" in see(spec.selector));
  });
  await until("the deleted PodDisruptionBudget to be recreated", () =>
    work.get(childKinds.podDisruptionBudget.type, "emptied"),
  );
  await work.untilReady("added");
  await work.untilReady("again");
  const { metadata } = (await work.service("again")) ?? assert.fail();
  assert.notEqual(metadata.uid, again.metadata.uid);
  // Ready does not wait for them: a child that garbage collection deletes late is created again after it.
  const { length: all } = await work.children("added");
  await until(`${all} children that belong to the new service`, async (see) => {
    const children = await work.children("again");
    const owners = see(children.map((child) => child.metadata.ownerReferences?.[0]?.uid));
    return owners.length === all && owners.every((uid) => uid === metadata.uid);
  });
}
