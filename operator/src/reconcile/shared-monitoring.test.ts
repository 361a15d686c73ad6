import assert from "node:assert/strict";
import { pino } from "pino";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { objectKey, type KubeObject, type Manifest, type ResourceType } from "../kube/object.ts";
import { ownership } from "../kube/ownership.ts";
import { childKinds } from "../observe/child-kinds.ts";
import type { SharedView } from "../observe/cluster-cache.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { Memory } from "./memory.ts";
import { apiError } from "./pass.fake.ts";
import { reconcileShared, type SharedPass } from "./shared-monitoring.ts";

const silent = pino({ level: "silent" });
const rules = "PrometheusRule gpumedia-system/gpumedia-services";
const dashboard = "ConfigMap gpumedia-system/gpumedia-services-dashboard";

/** A cache of one kind; what the API server has is what was written. */
class FakeCache {
  readonly type: ResourceType;
  synced = true;
  readonly views = new Map<string, SharedView>();

  constructor(type: ResourceType) {
    this.type = type;
  }
  get(key: string): SharedView | undefined {
    return this.views.get(key);
  }
  values(): Iterable<SharedView> {
    return this.views.values();
  }
  observeWrite(object: KubeObject): void {
    this.views.set(objectKey(object), { metadata: object.metadata, owned: ownership(object), createdAt: "" });
  }
  observeDelete(key: string): void {
    this.views.delete(key);
  }
}

function fakeCluster(services: readonly GpuMediaServiceSpec["monitoring"][] = [{}]) {
  const clock = new FakeClock();
  const memory = new Memory({ clock, onSharedChange: () => {} });
  const stored = services.map((_, index) => ({ metadata: { name: `service-${index}`, namespace: "media" } }));
  for (const [index, monitoring = {}] of services.entries()) {
    const record = memory.of(`media/service-${index}`, `u-${index}`);
    memory.keep(record, sampleService({ monitoring }, `service-${index}`));
  }
  const sharedRules = new FakeCache(childKinds.prometheusRule.type);
  const sharedDashboards = new FakeCache(childKinds.configMap.type);
  const calls: string[] = [];
  const failures: Record<string, Error> = {};
  let changes = 0;
  const call = (verb: string, type: ResourceType, namespace: string, name: string): void => {
    const described = `${verb} ${type.kind} ${namespace}/${name}`;
    calls.push(described);
    if (failures[described] !== undefined) throw failures[described];
  };
  const written = (manifest: Manifest, manager: string, operation: "Apply" | "Update"): KubeObject => ({
    ...manifest,
    metadata: {
      ...manifest.metadata,
      uid: `u-${manifest.kind}`,
      resourceVersion: "1",
      creationTimestamp: "",
      managedFields: [{ manager, operation, fieldsV1: {} }],
    },
  });
  const client = {
    async create(type: ResourceType, manifest: Manifest, { fieldManager }: { fieldManager: string }) {
      call("create", type, manifest.metadata.namespace ?? "", manifest.metadata.name);
      return written(manifest, fieldManager, "Update");
    },
    async apply(type: ResourceType, manifest: Manifest, { fieldManager }: { fieldManager: string }) {
      call("apply", type, manifest.metadata.namespace ?? "", manifest.metadata.name);
      return written(manifest, fieldManager, "Apply");
    },
    jsonPatch: async () => undefined,
    async delete(type: ResourceType, namespace: string, name: string) {
      call("delete", type, namespace, name);
    },
  };
  const pass = {
    client,
    clock,
    memory,
    cache: {
      services: { values: () => stored },
      sharedRules,
      sharedDashboards,
      servedKinds: () => new Set([childKinds.prometheusRule]),
    },
    context: { operatorNamespace: "gpumedia-system", namespaces: [], runbookUrl: "" },
    onChange: () => void changes++,
  } as unknown as SharedPass;
  return {
    calls,
    failures,
    memory,
    clock,
    sharedRules,
    stored,
    changes: () => changes,
    reconcile: () => reconcileShared(pass, silent),
  };
}

describe("the reconcile of what services share", () => {
  it("creates it, reports that once, and then sends nothing", async () => {
    const { reconcile, calls, changes } = fakeCluster();
    await reconcile();
    assert.deepEqual([calls, changes()], [[`create ${rules}`, `create ${dashboard}`], 1]);
    assert.deepEqual(await reconcile(), { kind: "done" });
    assert.deepEqual([calls.length, changes()], [2, 1]);
  });

  it("waits until every service has been reconciled, as it would delete what another one needs", async () => {
    const { reconcile, calls, stored } = fakeCluster();
    stored.push({ metadata: { name: "not-yet", namespace: "media" } });
    assert.deepEqual(await reconcile(), { kind: "done" });
    assert.deepEqual(calls, []);
  });

  it("deletes what no service needs any more", async () => {
    const { reconcile, calls, memory, stored, changes } = fakeCluster();
    await reconcile();
    stored.pop();
    memory.forget("media/service-0");
    await reconcile();
    assert.deepEqual([calls.slice(2), changes()], [[`delete ${rules}`, `delete ${dashboard}`], 2]);
  });

  // After a restart, the alerts of a service whose profile was missing went, while its pods served.
  it("deletes nothing while a service has not been valid", async () => {
    const { reconcile, calls, memory, stored } = fakeCluster();
    await reconcile();
    stored.push({ metadata: { name: "invalid", namespace: "media" } });
    memory.of("media/invalid", "u-invalid");
    memory.forget("media/service-0");
    stored.shift();
    await reconcile();
    assert.deepEqual(calls.slice(2), []);
    memory.forget("media/invalid");
    stored.pop();
    await reconcile();
    assert.deepEqual(calls.slice(2), [`delete ${rules}`, `delete ${dashboard}`]);
  });

  it("does not wait for a service that is being deleted, which no reconcile records", async () => {
    const { reconcile, calls, stored } = fakeCluster();
    const metadata = { name: "terminating", namespace: "media", deletionTimestamp: "2026-01-01T00:00:00Z" };
    stored.push({ metadata });
    await reconcile();
    assert.equal(calls.length, 2);
  });

  it("repairs it", async () => {
    const { reconcile, calls, sharedRules } = fakeCluster();
    await reconcile();
    const [live] = sharedRules.values();
    assert.ok(live !== undefined);
    const owned = { by: "apply", index: 0, ownsReplicas: false, digest: "of another text" } as const;
    sharedRules.views.set(objectKey(live), { ...live, owned });
    await reconcile();
    assert.deepEqual(calls.slice(2), [`apply ${rules}`]);
  });

  it("writes the dashboard although the rules are rejected, and reports why", async () => {
    const { reconcile, calls, failures, memory, changes } = fakeCluster();
    failures[`create ${rules}`] = apiError(403, "Forbidden", { message: "admission webhook says no" });
    assert.deepEqual(await reconcile(), { kind: "backoff" });
    assert.deepEqual(calls, [`create ${rules}`, `create ${dashboard}`]);
    assert.deepEqual(
      [...memory.sharedProblems],
      [["gpumedia-system/gpumedia-services", `the API server rejects ${rules}: admission webhook says no`]],
    );
    await reconcile();
    // Services are reconciled again only when something has changed for them.
    assert.equal(changes(), 1);
  });

  const foreign: Readonly<Record<string, (cluster: ReturnType<typeof fakeCluster>) => void>> = {
    "that the watch shows": ({ sharedRules }) => {
      const metadata = { name: "gpumedia-services", namespace: "gpumedia-system", uid: "u", resourceVersion: "1" };
      sharedRules.views.set(objectKey({ metadata }), { metadata, owned: { by: "none" }, createdAt: "" });
    },
    "without our label": ({ failures }) => {
      failures[`create ${rules}`] = apiError(409, "AlreadyExists");
    },
  };
  for (const [title, prepare] of Object.entries(foreign)) {
    it(`does not change an object of another owner ${title}, reports it, and looks again`, async () => {
      const cluster = fakeCluster([{ dashboard: false }]);
      prepare(cluster);
      assert.deepEqual(await cluster.reconcile(), { kind: "requeue", afterMs: 30_000 });
      assert.ok(!cluster.calls.some((call) => call.startsWith("apply") || call.startsWith("delete")));
      assert.deepEqual(
        [...cluster.memory.sharedProblems.values()],
        [`${rules} is managed by another owner: rename or remove it`],
      );
    });
  }

  it("leaves rules alone that it may not list, and reports the missing RBAC after half a minute", async () => {
    const { reconcile, calls, sharedRules, memory, clock } = fakeCluster([{ dashboard: false }]);
    sharedRules.synced = false;
    assert.deepEqual(await reconcile(), { kind: "requeue", afterMs: 30_000 });
    assert.equal(memory.sharedProblems.size, 0);
    await clock.advance(30_000);
    await reconcile();
    assert.deepEqual(calls, []);
    assert.deepEqual(
      [...memory.sharedProblems.values()],
      ["PrometheusRule objects cannot be listed in gpumedia-system: install the RBAC of this version"],
    );
  });
});
