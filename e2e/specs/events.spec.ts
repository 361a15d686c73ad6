/** A real API server accepts the operator's events, and kubectl shows them. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createApiClient, type ApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { clusterType, namespacedType, type KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { createTransport, type Transport } from "@gpumedia/operator/src/kube/transport.ts";
import { FakeClock } from "@gpumedia/operator/src/runtime/clock.fake.ts";
import { createEventRecorder, type EventDraft, type EventRecorder } from "@gpumedia/operator/src/runtime/events.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { sharedCluster } from "../cluster/shared.ts";

const configMaps = namespacedType("v1", "ConfigMap", "configmaps");
const namespaces = clusterType("v1", "Namespace", "namespaces");
const minute = 60_000;

const nameTaken: EventDraft = {
  type: "Warning",
  reason: "NameTaken",
  action: "Apply",
  note: "Service upscaler is managed by another owner: rename it or this GpuMediaService",
};

describe("events on a real API server", () => {
  let cluster: Cluster;
  let transport: Transport;
  let client: ApiClient;
  let clock: FakeClock;
  let recorder: EventRecorder;
  const lines: string[] = [];

  before(async () => {
    cluster = await sharedCluster();
    transport = createTransport(await loadConnection({ kubeconfig: cluster.kubeconfig }), { userAgent: "spec" });
    client = createApiClient(transport);
  });
  after(() => transport.close());
  beforeEach(() => {
    lines.length = 0;
    clock = new FakeClock(Date.now());
    const log = createLogger({ level: "warn", destination: { write: (line) => lines.push(line) } });
    recorder = createEventRecorder({ client, reportingInstance: "pod-1_uuid", clock, log });
  });

  /** Creates an object for an event to regard. */
  async function newObject(name = `upscaler-${randomUUID()}`): Promise<KubeObject> {
    const metadata = { name, namespace: "default" };
    return client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata }, { fieldManager: "spec" });
  }

  async function eventsOf(object: KubeObject, namespace = "default"): Promise<readonly Record<string, unknown>[]> {
    const { body } = await client.rawJson(
      "GET",
      `/apis/events.k8s.io/v1/namespaces/${namespace}/events?fieldSelector=regarding.uid=${object.metadata.uid}`,
    );
    return (body as { items: Record<string, unknown>[] }).items;
  }

  it("are stored completely, and shown by kubectl describe and kubectl events", async () => {
    const object = await newObject();
    recorder.record(object, nameTaken);
    await recorder.close();

    const [event = {}] = await eventsOf(object);
    const { metadata: _metadata, deprecatedSource: _source, ...rest } = event;
    assert.deepEqual(rest, {
      ...nameTaken,
      eventTime: new Date(clock.wall()).toISOString().replace("Z", "000Z"),
      reportingController: "gpumedia.io/operator",
      reportingInstance: "pod-1_uuid",
      regarding: {
        apiVersion: "v1",
        kind: "ConfigMap",
        namespace: "default",
        name: object.metadata.name,
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
      },
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    });
    const described = await cluster.kubectl("describe", "configmap", object.metadata.name);
    assert.match(described, /Warning +NameTaken +\S+ +gpumedia\.io\/operator +Service upscaler is managed by another/);
    const listed = await cluster.kubectl("events", "--for", `configmap/${object.metadata.name}`);
    assert.match(listed, /Warning +NameTaken +ConfigMap\/upscaler-\S+ +Service upscaler is managed by another/);
    assert.deepEqual(lines, []);
  });

  it("become a series when they repeat, and kubectl shows the count", async () => {
    const object = await newObject();
    for (let times = 0; times < 3; times++) recorder.record(object, nameTaken);
    await clock.advance(5 * minute);
    await recorder.close();

    const events = await eventsOf(object);
    const lastObservedTime = new Date(clock.wall() - 5 * minute).toISOString().replace("Z", "000Z");
    assert.deepEqual(
      events.map(({ series }) => series),
      [{ count: 3, lastObservedTime }],
    );
    assert.match(await cluster.kubectl("describe", "configmap", object.metadata.name), /NameTaken +\S+ \(x3 over/);
    assert.deepEqual(lines, []);
  });

  it("are accepted with the longest note, in characters of one to four bytes", async () => {
    const object = await newObject();
    for (const letter of ["x", "ä", "…", "🎞"]) recorder.record(object, { ...nameTaken, note: letter.repeat(3_000) });
    await recorder.close();
    const notes = (await eventsOf(object)).map(({ note }) => Buffer.byteLength(String(note)));
    assert.deepEqual([notes.length, Math.max(...notes) <= 1_024, Math.min(...notes) > 1_000], [4, true, true]);
    assert.deepEqual(lines, []);
  });

  it("of a cluster-scoped object are accepted", async () => {
    const manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: `spec-${randomUUID()}` } };
    const object = await client.create(namespaces, manifest, { fieldManager: "spec" });
    recorder.record(object, nameTaken);
    await recorder.close();
    assert.deepEqual([(await eventsOf(object)).length, lines], [1, []]);
  });

  it("of an object with the longest name are accepted", async () => {
    const object = await newObject(`${"a".repeat(199)}${randomUUID()}.${"b".repeat(17)}`);
    recorder.record(object, nameTaken);
    await recorder.close();
    assert.deepEqual([(await eventsOf(object)).length, lines], [1, []]);
  });

  it("that the API server refuses are logged without a failure", async () => {
    const object = await newObject();
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: "no-such-namespace" } };
    recorder.record(elsewhere, nameTaken);
    await recorder.close();
    assert.match(lines.join(""), /"status":404.*"failed to write an event"/);
  });
});
