import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { loadTestType, LoadTestCache } from "../loadtest/cache.ts";
import { childKinds } from "../observe/child-kinds.ts";
import { ClusterCache, podType, serviceType } from "../observe/cluster-cache.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { key, silent as log, storedService } from "./pass.fake.ts";
import { createSnapshotSource, type Snapshot, type SnapshotSource } from "./snapshot.ts";
import { createUtilizationWindow } from "./utilization-watch.ts";

const features = {
  gpuPodMetric: true,
  busyPodMetric: true,
  livePodMetrics: true,
  resourceMetrics: true,
  inPlaceVpa: false,
  securityContextConstraints: false,
  hpaTolerance: true,
  imageVolumes: true,
  fields: {},
};
let version = 100;
const stuck = { reason: "FailedMount", message: "no such volume" };
const coming = { coming: true, progress: "NodeClaim gpus-1 is not launched yet" } as const;

function object(kind: string, name: string, more: object = {}): KubeObject {
  const labels = { "gpumedia.io/service": "upscaler" };
  const metadata = { name, namespace: "media", uid: `uid of ${name}`, creationTimestamp: "", labels };
  return { apiVersion: "v1", kind, metadata: { ...metadata, resourceVersion: String(version++) }, ...more };
}

function profile(name: string, basedOn?: string): KubeObject {
  const metadata = { name, uid: name, resourceVersion: String(version++), creationTimestamp: "" };
  const spec = basedOn === undefined ? {} : { basedOn };
  return { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaProfile", metadata, spec } as KubeObject;
}

describe("a snapshot", () => {
  let cache: ClusterCache;
  let source: SnapshotSource;
  const gather = (): Snapshot => source.gather(key) ?? assert.fail("there is no service");

  beforeEach(() => {
    const options = { namespaces: [], operatorNamespace: "gpumedia-system", clock: new FakeClock(), log };
    // Nothing is listed or watched: the caches hold what was written.
    const client = {} as ConstructorParameters<typeof ClusterCache>[0]["client"];
    cache = new ClusterCache({ ...options, client });
    const loadTests = new LoadTestCache({ ...options, client });
    const window = createUtilizationWindow(15_000);
    source = createSnapshotSource({
      ...options,
      cache,
      loadTests,
      window,
      startFailureOf: ({ name }) => (name === "stuck" ? stuck : undefined),
      provisioningOf: ({ name }) => (name === "waiting" ? coming : undefined),
      features: () => features,
      unreachableApis: () => new Set(),
    });
    source.written(serviceType, storedService({ profile: "a" }));
  });

  it("has why a pod does not start, and whether a node comes for it", () => {
    for (const name of ["stuck", "other", "waiting"]) source.written(podType, object("Pod", name));
    assert.deepEqual(
      gather().pods.map(({ name, startFailure, provisioning }) => [name, startFailure, provisioning]),
      [
        ["other", undefined, undefined],
        ["stuck", stuck, undefined],
        ["waiting", undefined, coming],
      ],
    );
  });

  it("does not exist without the service", () => assert.equal(source.gather("media/missing"), undefined));

  it("has the service, the profiles that it builds on, its children by role, and its pods by name", () => {
    for (const one of [profile("a", "b"), profile("b"), profile("c")]) cache.profiles.observeWrite(one);
    source.written(childKinds.configMap.type, object("ConfigMap", "upscaler-dashboard"));
    source.written(childKinds.deployment.type, object("Deployment", "upscaler"));
    source.written(childKinds.deployment.type, object("Deployment", "another"));
    for (const name of ["pod-b", "pod-a"]) source.written(podType, object("Pod", name));
    const { stored, profiles, children, pods, features: seen } = gather();
    assert.deepEqual(stored, storedService({ profile: "a" }));
    assert.deepEqual([...profiles.keys()], ["a", "b"]);
    assert.deepEqual(
      Object.entries(children).map(([role, { metadata }]) => [role, metadata.name]),
      [
        ["deployment", "upscaler"],
        ["dashboard", "upscaler-dashboard"],
      ],
    );
    assert.deepEqual(
      pods.map(({ name }) => name),
      ["pod-a", "pod-b"],
    );
    assert.deepEqual(seen, features);
  });

  it("has profiles that are based on each other once", () => {
    for (const one of [profile("a", "b"), profile("b", "a")]) cache.profiles.observeWrite(one);
    assert.deepEqual([...gather().profiles.keys()], ["a", "b"]);
  });

  it("does not change with the caches; a refresh has the children, and still the service that was decided from", () => {
    const before = gather();
    const copy = structuredClone(before);
    source.written(serviceType, {
      ...storedService({ profile: "b" }),
      metadata: { ...before.stored.metadata, resourceVersion: "2" },
    });
    source.written(childKinds.service.type, object("Service", "upscaler"));
    source.written(podType, object("Pod", "pod"));
    assert.deepEqual(structuredClone(before), copy);
    const after = source.refresh(before);
    assert.equal(after.stored, before.stored);
    assert.deepEqual([Object.keys(after.children), after.pods.length], [["service"], 1]);
    source.deleted(childKinds.service.type, key, "uid of upscaler");
    assert.deepEqual(source.refresh(after).children, {});
  });

  it("has the HorizontalPodAutoscaler that KEDA has created, by the name in the ScaledObject's status", () => {
    source.written(childKinds.horizontalPodAutoscaler.type, object("HorizontalPodAutoscaler", "keda-hpa-upscaler"));
    source.written(childKinds.scaledObject.type, object("ScaledObject", "upscaler"));
    assert.equal(gather().kedaAutoscaler, undefined);
    const status = { hpaName: "keda-hpa-upscaler" };
    source.written(childKinds.scaledObject.type, object("ScaledObject", "upscaler", { status }));
    assert.equal(gather().kedaAutoscaler?.metadata.name, "keda-hpa-upscaler");
  });

  it("has the load tests of the service, and shows whether this rollout has one", () => {
    source.written(childKinds.deployment.type, object("Deployment", "upscaler"));
    const test = (name: string, service: string): KubeObject =>
      object("GpuMediaLoadTest", name, { spec: { serviceRef: { name: service } } });
    source.written(loadTestType, test("nightly", "upscaler"));
    assert.equal(gather().loadTests.hasRolloutTest, false);
    source.written(loadTestType, test("upscaler-r0", "another"));
    const { tests, hasRolloutTest } = gather().loadTests;
    assert.deepEqual([tests.map(({ metadata }) => metadata.name), hasRolloutTest], [["nightly"], true]);
  });
});
