import assert from "node:assert/strict";
import type { ObjectKey } from "../kube/object.ts";
import type { Priority } from "../runtime/queue.ts";
import type { ChangeOrigin, StoreChange, StoreListener } from "../runtime/store.ts";
import type { ChildView } from "./child-view.ts";
import type { NodeView } from "./node-view.ts";
import type { PodView } from "./pod-view.ts";
import { subscribeTriggers } from "./triggers.ts";
import type { StoredProfile, StoredService } from "./cluster-cache.ts";

/** Holds what it is given, and tells of what it is told to. */
class FakeCache<T> {
  contents: readonly T[] = [];
  readonly #listeners: StoreListener<T>[] = [];

  *values(): Generator<T> {
    yield* this.contents;
  }

  subscribe(listener: StoreListener<T>): void {
    this.#listeners.push(listener);
  }

  tell(change: StoreChange<T>): void {
    assert.ok(this.#listeners.length > 0, "nobody listens");
    for (const listener of this.#listeners) listener(change);
  }
}

type Enqueued = readonly [service: ObjectKey, priority: Priority, afterMs?: number | undefined];

function triggers() {
  const sources = {
    services: new FakeCache<StoredService>(),
    profiles: new FakeCache<StoredProfile>(),
    pods: new FakeCache<PodView | undefined>(),
    nodes: new FakeCache<NodeView>(),
    childCaches: [new FakeCache<ChildView>(), new FakeCache<ChildView>()] as const,
  };
  const enqueued: Enqueued[] = [];
  subscribeTriggers(sources, (...work) => enqueued.push(work));
  return { ...sources, enqueued };
}

const key = "media/upscaler";
/** A rollout's changes are looked at together. */
const echo: Enqueued = [key, "echo", 100];

function added<T>(current: T, origin: ChangeOrigin = "watch"): StoreChange<T> {
  return { type: "added", key, origin, current };
}

function updated<T>(previous: T, current: T, origin: ChangeOrigin = "watch"): StoreChange<T> {
  return { type: "updated", key, origin, previous, current };
}

function deleted<T>(previous: T, origin: ChangeOrigin = "watch"): StoreChange<T> {
  return { type: "deleted", key, origin, previous };
}

interface Case<T> {
  readonly title: string;
  readonly change: StoreChange<T>;
  readonly enqueued: readonly Enqueued[];
}

function service(metadata: object = {}, status?: StoredService["status"]): StoredService {
  const identity = { name: "upscaler", namespace: "media", uid: "u", resourceVersion: "7", generation: 1 };
  return { metadata: { ...identity, ...metadata }, ...(status && { status }) } as StoredService;
}

describe("a change of a service", () => {
  const newer = { resourceVersion: "8" };
  const status = { observedGeneration: 1 };
  const cases: readonly Case<StoredService>[] = [
    { title: "made", change: added(service()), enqueued: [[key, "create"]] },
    { title: "there at the start", change: added(service(), "list"), enqueued: [[key, "resync"]] },
    { title: "gone", change: deleted(service()), enqueued: [[key, "edit"]] },
    { title: "gone while the watch was broken", change: deleted(service(), "list"), enqueued: [[key, "edit"]] },
    {
      title: "another spec",
      change: updated(service(), service({ ...newer, generation: 2 })),
      enqueued: [[key, "edit"]],
    },
    {
      title: "another spec, which only a list has told",
      change: updated(service(), service({ ...newer, generation: 2 }), "list"),
      enqueued: [[key, "edit"]],
    },
    {
      title: "about to be deleted",
      change: updated(service(), service({ ...newer, deletionTimestamp: "2026-01-01T00:00:00Z" })),
      enqueued: [[key, "edit"]],
    },
    {
      title: "an annotation, which is nobody's trouble",
      change: updated(service(), service({ ...newer, annotations: { team: "video" } })),
      enqueued: [],
    },
    {
      title: "a status that somebody else has written",
      change: updated(service({}, status), service(newer, {})),
      enqueued: [[key, "echo"]],
    },
    {
      title: "the status that we have written",
      change: updated(service(), service(newer, status), "write"),
      enqueued: [],
    },
  ];
  for (const { title, change, enqueued } of cases) {
    it(title, () => {
      const cache = triggers();
      cache.services.tell(change);
      assert.deepEqual(cache.enqueued, enqueued);
    });
  }
});

function child(change: Partial<ChildView> = {}): ChildView {
  return {
    kind: "Deployment",
    metadata: { name: "upscaler", namespace: "media", uid: "u", resourceVersion: "7" },
    owned: { by: "none" },
    generation: 1,
    services: [key],
    revision: 1,
    spec: { replicas: 2 },
    status: {},
    ...change,
  };
}

function childMetadata(change: object): Pick<ChildView, "metadata"> {
  return { metadata: { ...child().metadata, ...change } };
}

describe("a change of a child", () => {
  const newer = childMetadata({ resourceVersion: "8" });
  const ours: ChildView["owned"] = { by: "apply", digest: "d", index: 0, ownsReplicas: false };
  const cases: readonly Case<ChildView>[] = [
    { title: "there at the start", change: added(child(), "list"), enqueued: [[key, "resync"]] },
    { title: "made by somebody else", change: added(child()), enqueued: [[key, "edit"]] },
    { title: "made by us", change: added(child(), "write"), enqueued: [] },
    { title: "gone", change: deleted(child()), enqueued: [[key, "edit"]] },
    { title: "gone while the watch was broken", change: deleted(child(), "list"), enqueued: [[key, "edit"]] },
    { title: "deleted by us", change: deleted(child(), "write"), enqueued: [] },
    {
      title: "a status",
      change: updated(child(), child({ ...newer, status: { readyReplicas: 1 } })),
      enqueued: [echo],
    },
    {
      title: "replicas, which are the autoscaler's",
      change: updated(child(), child({ ...newer, generation: 2, spec: { replicas: 3 } })),
      enqueued: [echo],
    },
    {
      title: "what we own of it",
      change: updated(child(), child({ ...newer, owned: ours })),
      enqueued: [[key, "edit"]],
    },
    {
      title: "what we own of it, which only a list has told",
      change: updated(child(), child({ ...newer, owned: ours }), "list"),
      enqueued: [[key, "edit"]],
    },
    {
      title: "what we own of it, written by us",
      change: updated(child(), child({ ...newer, owned: ours }), "write"),
      enqueued: [],
    },
    {
      title: "its owners",
      change: updated(child(), child(childMetadata({ resourceVersion: "8", ownerReferences: [] }))),
      enqueued: [[key, "edit"]],
    },
    {
      title: "about to be deleted",
      change: updated(
        child(),
        child(childMetadata({ resourceVersion: "8", deletionTimestamp: "2026-01-01T00:00:00Z" })),
      ),
      enqueued: [[key, "edit"]],
    },
    {
      title: "another service's now: both look",
      change: updated(child(), child({ ...newer, services: ["media/other"] })),
      enqueued: [
        [key, "edit"],
        ["media/other", "edit"],
      ],
    },
    { title: "of no service", change: added(child({ services: [] })), enqueued: [] },
  ];
  for (const { title, change, enqueued } of cases) {
    it(title, () => {
      for (const kind of [0, 1] as const) {
        const cache = triggers();
        cache.childCaches[kind].tell(change);
        assert.deepEqual(cache.enqueued, enqueued);
      }
    });
  }
});

function pod(change: Partial<PodView> = {}): PodView {
  const devices = { "nvidia.com/gpu": 1 };
  return { name: "p", namespace: "media", service: key, node: "n", ready: false, devices, ...change } as PodView;
}

const waiting: Enqueued = ["media/waiting", "echo", 100];

describe("a change of a pod", () => {
  const { service: _service, ...other } = pod();
  const stranger: PodView = { ...other, service: undefined };
  /** Two pods of one service wait for a node, and others do not. */
  const contents = [
    pod({ service: "media/waiting", node: undefined }),
    pod({ service: "media/waiting", node: undefined }),
    pod({ service: "media/placed" }),
    { ...stranger, node: undefined },
    undefined,
  ];
  const cases: readonly Case<PodView | undefined>[] = [
    { title: "made", change: added(pod({ node: undefined })), enqueued: [echo] },
    { title: "placed", change: updated(pod({ node: undefined }), pod()), enqueued: [echo] },
    { title: "ready", change: updated(pod(), pod({ ready: true })), enqueued: [echo] },
    { title: "nothing that is kept", change: updated(pod(), pod()), enqueued: [] },
    { title: "gone, and its GPU is free", change: deleted(pod()), enqueued: [echo, waiting] },
    { title: "gone before it had a GPU", change: deleted(pod({ node: undefined })), enqueued: [echo] },
    { title: "gone, and it had no GPU", change: deleted(pod({ devices: {} })), enqueued: [echo] },
    { title: "gone, and it was of no service", change: deleted(stranger), enqueued: [waiting] },
    { title: "of no service any more", change: updated(pod(), stranger), enqueued: [echo] },
    { title: "ended, and nothing is kept of it", change: updated(pod(), undefined), enqueued: [echo, waiting] },
    { title: "one of which nothing is kept", change: added(undefined), enqueued: [] },
  ];
  for (const { title, change, enqueued } of cases) {
    it(title, () => {
      const cache = triggers();
      cache.pods.contents = contents;
      cache.pods.tell(change);
      assert.deepEqual(cache.enqueued, enqueued);
    });
  }
});

describe("a change of a node", () => {
  const node: NodeView = {
    name: "n",
    labels: {},
    taints: [],
    cordoned: false,
    ready: true,
    allocatable: { "nvidia.com/gpu": 4 },
  };
  const cases: readonly Case<NodeView>[] = [
    { title: "added", change: added(node), enqueued: [waiting] },
    { title: "gone", change: deleted(node), enqueued: [waiting] },
    { title: "cordoned", change: updated(node, { ...node, cordoned: true }), enqueued: [waiting] },
    { title: "its heartbeat", change: updated(node, { ...node }), enqueued: [] },
  ];
  for (const { title, change, enqueued } of cases) {
    it(title, () => {
      const cache = triggers();
      cache.pods.contents = [pod({ service: "media/waiting", node: undefined }), pod()];
      cache.nodes.tell(change);
      assert.deepEqual(cache.enqueued, enqueued);
    });
  }
});

describe("a change of a profile", () => {
  it("is a reason to look at every service, when there is time", () => {
    const cache = triggers();
    cache.services.contents = [service(), service({ name: "other", namespace: "video" })];
    cache.profiles.tell(added({} as StoredProfile));
    assert.deepEqual(cache.enqueued, [
      [key, "resync"],
      ["video/other", "resync"],
    ]);
  });
});
