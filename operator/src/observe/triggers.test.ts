import assert from "node:assert/strict";
import type { ObjectKey } from "../kube/object.ts";
import type { Priority } from "../runtime/queue.ts";
import type { ChangeOrigin, StoreChange, StoreListener } from "../runtime/store.ts";
import type { ChildView } from "./child-view.ts";
import { sampleNode } from "./node-view.sample.ts";
import type { NodeView } from "./node-view.ts";
import { samplePod } from "./pod-view.sample.ts";
import type { PodView } from "./pod-view.ts";
import { subscribeTriggers } from "./triggers.ts";
import type { StoredProfile, StoredService } from "./cluster-cache.ts";

/** Holds what a test puts in, and emits what a test emits. */
class FakeCache<T> {
  contents: readonly T[] = [];
  readonly #listeners: StoreListener<T>[] = [];

  *values(): Generator<T> {
    yield* this.contents;
  }

  subscribe(listener: StoreListener<T>): void {
    this.#listeners.push(listener);
  }

  emit(change: StoreChange<T>): void {
    assert.ok(this.#listeners.length > 0, "no listener");
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
/** The changes of a rollout are reconciled together. */
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
  const cases: Readonly<Record<string, Case<StoredService>>> = {
    created: { change: added(service()), enqueued: [[key, "create"]] },
    "in the first list": { change: added(service(), "list"), enqueued: [[key, "resync"]] },
    deleted: { change: deleted(service()), enqueued: [[key, "edit"]] },
    "deleted while the watch was broken": { change: deleted(service(), "list"), enqueued: [[key, "edit"]] },
    "another spec": { change: updated(service(), service({ ...newer, generation: 2 })), enqueued: [[key, "edit"]] },
    "another spec, from a list": {
      change: updated(service(), service({ ...newer, generation: 2 }), "list"),
      enqueued: [[key, "edit"]],
    },
    terminating: {
      change: updated(service(), service({ ...newer, deletionTimestamp: "2026-01-01T00:00:00Z" })),
      enqueued: [[key, "edit"]],
    },
    "an annotation": {
      change: updated(service(), service({ ...newer, annotations: { team: "video" } })),
      enqueued: [],
    },
    "a status that another client has written": {
      change: updated(service({}, status), service(newer, {})),
      enqueued: [[key, "echo"]],
    },
    "the status that this operator has written": {
      change: updated(service(), service(newer, status), "write"),
      enqueued: [],
    },
  };
  for (const [title, { change, enqueued }] of Object.entries(cases)) {
    it(title, () => {
      const sources = triggers();
      sources.services.emit(change);
      assert.deepEqual(sources.enqueued, enqueued);
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
  const cases: Readonly<Record<string, Case<ChildView>>> = {
    "in the first list": { change: added(child(), "list"), enqueued: [[key, "resync"]] },
    "created by another client": { change: added(child()), enqueued: [[key, "edit"]] },
    "created by this operator": { change: added(child(), "write"), enqueued: [] },
    deleted: { change: deleted(child()), enqueued: [[key, "edit"]] },
    "deleted while the watch was broken": { change: deleted(child(), "list"), enqueued: [[key, "edit"]] },
    "deleted by this operator": { change: deleted(child(), "write"), enqueued: [] },
    "a status": { change: updated(child(), child({ ...newer, status: { readyReplicas: 1 } })), enqueued: [echo] },
    "replicas, which the autoscaler owns": {
      change: updated(child(), child({ ...newer, generation: 2, spec: { replicas: 3 } })),
      enqueued: [echo],
    },
    "owned fields": { change: updated(child(), child({ ...newer, owned: ours })), enqueued: [[key, "edit"]] },
    "owned fields, from a list": {
      change: updated(child(), child({ ...newer, owned: ours }), "list"),
      enqueued: [[key, "edit"]],
    },
    "owned fields, written by this operator": {
      change: updated(child(), child({ ...newer, owned: ours }), "write"),
      enqueued: [],
    },
    "its owner references": {
      change: updated(child(), child(childMetadata({ resourceVersion: "8", ownerReferences: [] }))),
      enqueued: [[key, "edit"]],
    },
    terminating: {
      change: updated(
        child(),
        child(childMetadata({ resourceVersion: "8", deletionTimestamp: "2026-01-01T00:00:00Z" })),
      ),
      enqueued: [[key, "edit"]],
    },
    "the label of another service: both are reconciled": {
      change: updated(child(), child({ ...newer, services: ["media/other"] })),
      enqueued: [
        [key, "edit"],
        ["media/other", "edit"],
      ],
    },
    "of no service": { change: added(child({ services: [] })), enqueued: [] },
  };
  for (const [title, { change, enqueued }] of Object.entries(cases)) {
    it(title, () => {
      for (const kind of [0, 1] as const) {
        const sources = triggers();
        sources.childCaches[kind].emit(change);
        assert.deepEqual(sources.enqueued, enqueued);
      }
    });
  }
});

function pod(change: Partial<PodView> = {}): PodView {
  const devices = { "nvidia.com/gpu": 1 };
  return samplePod({ devices, ...change });
}

const waiting: Enqueued = ["media/waiting", "echo", 100];

describe("a change of a pod", () => {
  const { service: _service, ...other } = pod();
  const unrelated: PodView = { ...other, service: undefined };
  /** Two pods of one service wait for a node, and others do not. */
  const contents = [
    pod({ service: "media/waiting", node: undefined }),
    pod({ service: "media/waiting", node: undefined }),
    pod({ service: "media/placed" }),
    { ...unrelated, node: undefined },
    undefined,
  ];
  const cases: Readonly<Record<string, Case<PodView | undefined>>> = {
    created: { change: added(pod({ node: undefined })), enqueued: [echo] },
    "bound to a node": { change: updated(pod({ node: undefined }), pod()), enqueued: [echo] },
    ready: { change: updated(pod(), pod({ ready: true })), enqueued: [echo] },
    "fields that are not kept": { change: updated(pod(), pod()), enqueued: [] },
    "deleted, which frees its GPU": { change: deleted(pod()), enqueued: [echo, waiting] },
    "deleted before it was bound": { change: deleted(pod({ node: undefined })), enqueued: [echo] },
    "deleted, without a GPU": { change: deleted(pod({ devices: {} })), enqueued: [echo] },
    "deleted, of no service": { change: deleted(unrelated), enqueued: [waiting] },
    "no longer of a service": { change: updated(pod(), unrelated), enqueued: [echo] },
    "finished, and no longer kept": { change: updated(pod(), undefined), enqueued: [echo, waiting] },
    "not kept at all": { change: added(undefined), enqueued: [] },
  };
  for (const [title, { change, enqueued }] of Object.entries(cases)) {
    it(title, () => {
      const sources = triggers();
      sources.pods.contents = contents;
      sources.pods.emit(change);
      assert.deepEqual(sources.enqueued, enqueued);
    });
  }
});

describe("a change of a node", () => {
  const node = sampleNode({ allocatable: { "nvidia.com/gpu": 4 } });
  const cases: Readonly<Record<string, Case<NodeView>>> = {
    added: { change: added(node), enqueued: [waiting] },
    deleted: { change: deleted(node), enqueued: [waiting] },
    cordoned: { change: updated(node, { ...node, cordoned: true }), enqueued: [waiting] },
    "its heartbeat": { change: updated(node, { ...node }), enqueued: [] },
  };
  for (const [title, { change, enqueued }] of Object.entries(cases)) {
    it(title, () => {
      const sources = triggers();
      sources.pods.contents = [pod({ service: "media/waiting", node: undefined }), pod()];
      sources.nodes.emit(change);
      assert.deepEqual(sources.enqueued, enqueued);
    });
  }
});

describe("a change of a profile", () => {
  it("requeues every service with the lowest priority", () => {
    const sources = triggers();
    sources.services.contents = [service(), service({ name: "other", namespace: "video" })];
    sources.profiles.emit(added({} as StoredProfile));
    assert.deepEqual(sources.enqueued, [
      [key, "resync"],
      ["video/other", "resync"],
    ]);
  });
});
