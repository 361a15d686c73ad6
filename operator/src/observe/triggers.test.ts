import assert from "node:assert/strict";
import type { ObjectKey } from "../kube/object.ts";
import type { Priority } from "../runtime/queue.ts";
import type { StoreChange, StoreListener } from "../runtime/store.ts";
import type { ChildView } from "./child-view.ts";
import type { DeviceClassView } from "./device-class-view.ts";
import { sampleClaim, sampleClass, sampleSlice } from "./devices.sample.ts";
import type { DeviceTaintRuleView } from "./device-taint-rule-view.ts";
import type { GatewayView } from "./gateway-view.ts";
import type { IngressClassView } from "./ingress-class-view.ts";
import { sampleNode } from "./node-view.sample.ts";
import type { NodeView } from "./node-view.ts";
import { samplePod } from "./pod-view.sample.ts";
import type { PodView } from "./pod-view.ts";
import type { PrometheusView } from "./prometheus-view.ts";
import type { ResourceClaimView } from "./resource-claim-view.ts";
import type { ResourceSliceView } from "./resource-slice-view.ts";
import type { ReplicaSetView } from "./replica-set-view.ts";
import { added, deleted, updated } from "./store-change.sample.ts";
import { subscribeTriggers } from "./triggers.ts";
import type { StoredProfile, StoredService } from "./cluster-cache.ts";

/** Holds what a test puts in, and emits what a test emits. */
class FakeCache<T> {
  contents: readonly T[] = [];
  /** What `get` returns. */
  named: Readonly<Record<ObjectKey, T>> = {};
  readonly #listeners: StoreListener<T>[] = [];

  *values(): Generator<T> {
    yield* this.contents;
  }

  get(name: ObjectKey): T | undefined {
    return this.named[name];
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
    failedPods: new FakeCache<PodView | undefined>(),
    nodes: new FakeCache<NodeView>(),
    deviceClasses: new FakeCache<DeviceClassView>(),
    resourceSlices: new FakeCache<ResourceSliceView>(),
    deviceTaintRules: new FakeCache<DeviceTaintRuleView>(),
    claims: new FakeCache<ResourceClaimView>(),
    replicaSets: new FakeCache<ReplicaSetView>(),
    gateways: new FakeCache<GatewayView>(),
    ingressClasses: new FakeCache<IngressClassView>(),
    prometheuses: new FakeCache<PrometheusView>(),
    thanosRulers: new FakeCache<PrometheusView>(),
    routesOf: (gateway: ObjectKey) => (gateway === key ? [child({ kind: "HTTPRoute" })] : []),
    childCaches: [new FakeCache<ChildView>(), new FakeCache<ChildView>()] as const,
  };
  const enqueued: Enqueued[] = [];
  subscribeTriggers(sources, (...work) => enqueued.push(work));
  return { ...sources, enqueued };
}

const key = "media/upscaler";
const edit: Enqueued = [key, "edit"];
const resync: Enqueued = [key, "resync"];
/** The changes of a rollout are reconciled together. */
const echo: Enqueued = [key, "echo", 100];

type Cases<T> = Readonly<Record<string, readonly [change: StoreChange<T>, enqueued: readonly Enqueued[]]>>;

function service(metadata: object = {}, status?: StoredService["status"]): StoredService {
  const identity = { name: "upscaler", namespace: "media", uid: "u", resourceVersion: "7", generation: 1 };
  return { metadata: { ...identity, ...metadata }, ...(status && { status }) } as StoredService;
}

describe("a change of a ReplicaSet", () => {
  const plain: ReplicaSetView = { uid: "rs-1", deployment: "d-1", claimTemplate: undefined };
  const claiming: ReplicaSetView = { ...plain, claimTemplate: { service: key, hash: "0123456789" } };
  const cases: Cases<ReplicaSetView> = {
    "deleted: its ResourceClaimTemplate may be obsolete": [deleted(claiming), [echo]],
    "deleted, without claims": [deleted(plain), []],
    scaled: [updated(claiming, claiming), []],
    created: [added(claiming), []],
  };
  for (const [title, [change, expected]] of Object.entries(cases)) {
    it(title, () => {
      const { replicaSets, enqueued } = triggers();
      replicaSets.emit(change);
      assert.deepEqual(enqueued, expected);
    });
  }
});

describe("a change of a service", () => {
  const newer = { resourceVersion: "8" };
  const status = { observedGeneration: 1 };
  const cases: Cases<StoredService> = {
    created: [added(service()), [[key, "create"]]],
    "in the first list": [added(service(), "list"), [resync]],
    deleted: [deleted(service()), [edit]],
    "deleted while the watch was broken": [deleted(service(), "list"), [edit]],
    "another spec": [updated(service(), service({ ...newer, generation: 2 })), [edit]],
    "another spec, from a list": [updated(service(), service({ ...newer, generation: 2 }), "list"), [edit]],
    terminating: [updated(service(), service({ ...newer, deletionTimestamp: "2026-01-01T00:00:00Z" })), [edit]],
    "an annotation": [updated(service(), service({ ...newer, annotations: { team: "video" } })), []],
    "a status that another client has written": [updated(service({}, status), service(newer, {})), [[key, "echo"]]],
    "the status that this operator has written": [updated(service(), service(newer, status), "write"), []],
  };
  for (const [title, [change, enqueued]] of Object.entries(cases)) {
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
  const cases: Cases<ChildView> = {
    "in the first list": [added(child(), "list"), [resync]],
    "created by another client": [added(child()), [edit]],
    "created by this operator": [added(child(), "write"), []],
    deleted: [deleted(child()), [edit]],
    "deleted while the watch was broken": [deleted(child(), "list"), [edit]],
    "deleted by this operator": [deleted(child(), "write"), []],
    "a status": [updated(child(), child({ ...newer, status: { readyReplicas: 1 } })), [echo]],
    "replicas, which the autoscaler owns": [
      updated(child(), child({ ...newer, generation: 2, spec: { replicas: 3 } })),
      [echo],
    ],
    "owned fields": [updated(child(), child({ ...newer, owned: ours })), [edit]],
    "owned fields, from a list": [updated(child(), child({ ...newer, owned: ours }), "list"), [edit]],
    "owned fields, written by this operator": [updated(child(), child({ ...newer, owned: ours }), "write"), []],
    "its owner references": [
      updated(child(), child(childMetadata({ resourceVersion: "8", ownerReferences: [] }))),
      [edit],
    ],
    terminating: [
      updated(child(), child(childMetadata({ resourceVersion: "8", deletionTimestamp: "2026-01-01T00:00:00Z" }))),
      [edit],
    ],
    "the label of another service: both are reconciled": [
      updated(child(), child({ ...newer, services: ["media/other"] })),
      [edit, ["media/other", "edit"]],
    ],
    "of no service": [added(child({ services: [] })), []],
  };
  for (const [title, [change, enqueued]] of Object.entries(cases)) {
    it(title, () => {
      for (const kind of [0, 1] as const) {
        const sources = triggers();
        sources.childCaches[kind].emit(change);
        assert.deepEqual(sources.enqueued, enqueued);
      }
    });
  }
});

function gateway(change: Partial<GatewayView> = {}): GatewayView {
  return { key, className: "c", listeners: [], conditions: [], ...change };
}

describe("a change of a Gateway", () => {
  const conditions = [{ type: "Programmed", status: "True" }];
  const cases: {
    readonly [title: string]: readonly [change: StoreChange<GatewayView>, enqueued: readonly Enqueued[]];
  } = {
    created: [added(gateway()), [echo]],
    deleted: [deleted(gateway()), [echo]],
    "its conditions": [updated(gateway(), gateway({ conditions })), [echo]],
    "nothing that is read": [updated(gateway(), gateway()), []],
    "another one, which no service names": [{ ...added(gateway()), key: "gateways/other" }, []],
  };
  for (const [title, [change, enqueued]] of Object.entries(cases)) {
    it(title, () => {
      const sources = triggers();
      sources.gateways.emit(change);
      assert.deepEqual(sources.enqueued, enqueued);
    });
  }
});

describe("a change of a Prometheus", () => {
  const selection = { labels: {}, namespaces: {} };
  const prometheus: PrometheusView = {
    kind: "Prometheus",
    key,
    isEnforced: false,
    rules: selection,
    podMonitors: selection,
  };
  const narrower = { ...prometheus, rules: { ...selection, labels: { matchLabels: { release: "stack" } } } };
  const cases: Cases<PrometheusView> = {
    "of its selectors: all services are reconciled": [updated(prometheus, narrower), [resync]],
    "of its status, which is not kept": [updated(prometheus, { ...prometheus }), []],
  };
  for (const [title, [change, enqueued]] of Object.entries(cases)) {
    for (const kind of ["prometheuses", "thanosRulers"] as const) {
      it(`${title} (${kind})`, () => {
        const sources = triggers();
        sources.services.contents = [service()];
        sources[kind].emit(change);
        assert.deepEqual(sources.enqueued, enqueued);
      });
    }
  }
});

function pod(change: Partial<PodView> = {}): PodView {
  const devices = { "nvidia.com/gpu": 1 };
  return samplePod({ devices, ...change });
}

it("a change of a pod that its node has failed reconciles its service", () => {
  const sources = triggers();
  sources.failedPods.emit(added(pod({ phase: "Failed" })));
  sources.failedPods.emit(deleted(pod({ phase: "Failed" })));
  assert.deepEqual(sources.enqueued, [echo, echo]);
});

const waiting: Enqueued = ["media/waiting", "echo", 100];

describe("a change of a pod", () => {
  const unrelated = pod({ service: undefined });
  /** Two pods of one service wait for a node, and others do not. */
  const contents = [
    pod({ service: "media/waiting", node: undefined }),
    pod({ service: "media/waiting", node: undefined }),
    pod({ service: "media/placed" }),
    { ...unrelated, node: undefined },
    undefined,
  ];
  const cases: Cases<PodView | undefined> = {
    created: [added(pod({ node: undefined })), [echo]],
    "bound to a node": [updated(pod({ node: undefined }), pod()), [echo]],
    ready: [updated(pod(), pod({ ready: true })), [echo]],
    "fields that are not kept": [updated(pod(), pod()), []],
    "deleted, which frees its GPU": [deleted(pod()), [echo, waiting]],
    "deleted before it was bound": [deleted(pod({ node: undefined })), [echo]],
    "deleted, without a GPU": [deleted(pod({ devices: {} })), [echo]],
    "deleted, of no service": [deleted(unrelated), [waiting]],
    "no longer of a service": [updated(pod(), unrelated), [echo]],
    "finished, and no longer kept": [updated(pod(), undefined), [echo, waiting]],
    "not kept at all": [added(undefined), []],
  };
  for (const [title, [change, enqueued]] of Object.entries(cases)) {
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
  const cases: Cases<NodeView> = {
    added: [added(node), [waiting]],
    deleted: [deleted(node), [waiting]],
    cordoned: [updated(node, { ...node, cordoned: true }), [waiting]],
    "its heartbeat": [updated(node, { ...node }), []],
  };
  for (const [title, [change, enqueued]] of Object.entries(cases)) {
    it(title, () => {
      const sources = triggers();
      sources.pods.contents = [pod({ service: "media/waiting", node: undefined }), pod()];
      sources.nodes.emit(change);
      assert.deepEqual(sources.enqueued, enqueued);
    });
  }
});

describe("a change of what DRA offers", () => {
  const slice = sampleSlice("a", ["gpu-0"]);
  const [pending, allocated] = [sampleClaim("p", []), sampleClaim("p", ["a/gpu-0"])];
  const others = sampleClaim("q", ["a/gpu-0"]);
  const slices: Cases<ResourceSliceView> = {
    "a slice was added": [added(slice), [waiting]],
    "a slice has another device": [updated(slice, sampleSlice("a", ["gpu-1"])), [waiting]],
    "a slice is as before": [updated(slice, sampleSlice("a", ["gpu-0"])), []],
  };
  const claims: Cases<ResourceClaimView> = {
    "a claim of a service was allocated": [updated(pending, allocated), [echo]],
    "a claim of a service was released": [updated(allocated, pending), [echo, waiting]],
    "a claim of a service is as before": [updated(allocated, sampleClaim("p", ["a/gpu-0"])), []],
    "a claim of no service was allocated": [added(others), []],
    "a claim of no service was deleted": [deleted(others), [waiting]],
  };
  const changed = (emit: (sources: ReturnType<typeof triggers>) => void): readonly Enqueued[] => {
    const sources = triggers();
    sources.services.contents = [service()];
    sources.pods.contents = [pod({ service: "media/waiting", node: undefined }), pod()];
    sources.pods.named = { "media/p": pod() };
    emit(sources);
    return sources.enqueued;
  };
  for (const [title, [change, enqueued]] of Object.entries(slices)) {
    it(title, () =>
      assert.deepEqual(
        changed(({ resourceSlices }) => resourceSlices.emit(change)),
        enqueued,
      ),
    );
  }
  for (const [title, [change, enqueued]] of Object.entries(claims)) {
    it(title, () =>
      assert.deepEqual(
        changed(({ claims: cache }) => cache.emit(change)),
        enqueued,
      ),
    );
  }

  it("a device loses a taint", () => {
    const taint = { key: "maintenance", effect: "NoSchedule" };
    const rule = { name: "r", driver: undefined, pool: "a", device: undefined, taint };
    assert.deepEqual(
      changed(({ deviceTaintRules }) => deviceTaintRules.emit(deleted(rule))),
      [waiting],
    );
  });

  it("a class that appears reconciles all services: what their pods ask for may depend on it", () => {
    assert.deepEqual(
      changed(({ deviceClasses }) => deviceClasses.emit(added(sampleClass()))),
      [resync],
    );
  });
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
