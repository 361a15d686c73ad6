import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { storedObject } from "../kube/object.sample.ts";
import type { JsonPatchOperation, KubeObject, Manifest } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { createEventRecorder, type EventDraft } from "./events.ts";
import { createLogger } from "./log.ts";

const upscaler: KubeObject = {
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaService",
  metadata: storedObject({ name: "upscaler", uid: "u-1", resourceVersion: "7" }).metadata,
};

const applied: EventDraft = { type: "Normal", reason: "Applied", action: "Apply", note: "applied 3 children" };
const minute = 60_000;

function setUp() {
  const clock = new FakeClock();
  /** Each write: what was created, or which series was patched. */
  const writes: unknown[] = [];
  const lines: string[] = [];
  /** The next writes fail with these, or hang. */
  const failures: (Error | "hang")[] = [];
  const answer = async (write: unknown): Promise<KubeObject> => {
    const failure = failures.shift();
    if (failure === "hang") return new Promise(() => {});
    if (failure !== undefined) throw failure;
    writes.push(write);
    return upscaler;
  };
  const recorder = createEventRecorder({
    client: {
      create: (_type, manifest: Manifest) => answer(manifest),
      jsonPatch: (_type, namespace: string, name: string, operations: readonly JsonPatchOperation[]) =>
        answer({ namespace, name, operations }),
    },
    reportingInstance: "pod-1_uuid",
    clock,
    log: createLogger({ level: "debug", destination: { write: (line) => lines.push(line) } }),
  });
  return { clock, recorder, writes, lines, failures };
}

function withUid(uid: string): KubeObject {
  return { ...upscaler, metadata: { ...upscaler.metadata, uid } };
}

const refused = new ApiError({
  status: 403,
  reason: "Forbidden",
  message: "the namespace is being terminated",
  method: "POST",
  path: "/apis/events.k8s.io/v1/namespaces/media/events",
});

describe("recording an event", () => {
  it("writes all fields", async () => {
    const { recorder, writes } = setUp();
    recorder.record(upscaler, applied);
    await settle();
    const [event] = writes as [Manifest];
    assert.match(event.metadata.name, /^upscaler\.[0-9a-f]{16}$/);
    assert.deepEqual(writes, [
      {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: event.metadata.name, namespace: "media" },
        eventTime: "2026-01-01T00:00:00.000000Z",
        type: "Normal",
        reason: "Applied",
        action: "Apply",
        note: "applied 3 children",
        reportingController: "gpumedia.io/operator",
        reportingInstance: "pod-1_uuid",
        regarding: {
          apiVersion: "gpumedia.io/v1alpha1",
          kind: "GpuMediaService",
          namespace: "media",
          name: "upscaler",
          uid: "u-1",
          resourceVersion: "7",
        },
      },
    ]);
  });

  it("puts the event of a cluster-scoped object into the namespace default", async () => {
    const { recorder, writes } = setUp();
    const { namespace: _none, ...metadata } = upscaler.metadata;
    recorder.record({ ...upscaler, kind: "GpuMediaProfile", metadata }, applied);
    await settle();
    const [event] = writes as [Manifest & { regarding: object }];
    assert.equal(event.metadata.namespace, "default");
    assert.equal("namespace" in event.regarding, false);
  });

  it("makes a valid name from a long or dotted object name", async () => {
    const { recorder, writes } = setUp();
    for (const [uid, middle] of [".", "--", "b"].entries()) {
      const name = `${"a".repeat(235)}${middle}${"b".repeat(15)}`;
      recorder.record({ ...upscaler, metadata: { ...upscaler.metadata, uid: `${uid}`, name } }, applied);
    }
    await settle();
    for (const event of writes as Manifest[]) {
      assert.match(
        event.metadata.name,
        /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      );
    }
    assert.equal(writes.length, 3);
  });

  it("shortens a note that the API server would reject", async () => {
    const { recorder, writes } = setUp();
    recorder.record(upscaler, { ...applied, note: `Deployment upscaler: ${"x".repeat(5_000)} denied by policy` });
    await settle();
    const [{ note }] = writes as [{ note: string }];
    assert.ok(Buffer.byteLength(note) <= 1_024);
    assert.match(note, /^Deployment upscaler: x+ … x+ denied by policy$/);
  });
});

describe("a repeated event", () => {
  it("becomes a series that is written every five minutes, including the last count", async () => {
    const { clock, recorder, writes } = setUp();
    recorder.record(upscaler, applied);
    for (let i = 0; i < 8; i++) {
      await clock.advance(minute);
      recorder.record(upscaler, applied);
    }
    await clock.advance(60 * minute);
    const [event, ...patches] = writes as [Manifest, ...unknown[]];
    const series = (count: number, lastObservedTime: string): unknown => ({
      namespace: "media",
      name: event.metadata.name,
      operations: [{ op: "add", path: "/series", value: { count, lastObservedTime } }],
    });
    // The fifth repetition and the timer of the first coincide.
    assert.deepEqual(patches, [series(5, "2026-01-01T00:04:00.000000Z"), series(9, "2026-01-01T00:08:00.000000Z")]);
  });

  it("is written immediately when the last write was long ago", async () => {
    const { clock, recorder, writes } = setUp();
    recorder.record(upscaler, applied);
    await clock.advance(20 * minute);
    recorder.record(upscaler, applied);
    await clock.advance(0);
    assert.equal(writes.length, 2);
  });

  it("becomes a new event after half an hour, as the API server deletes the old one", async () => {
    const { clock, recorder, writes } = setUp();
    recorder.record(upscaler, applied);
    await clock.advance(30 * minute);
    recorder.record(upscaler, applied);
    await settle();
    const names = (writes as Manifest[]).map(({ metadata }) => metadata.name);
    assert.equal(new Set(names).size, 2);
  });

  const others: readonly { what: string; object: KubeObject; draft: EventDraft }[] = [
    { what: "reason", object: upscaler, draft: { ...applied, reason: "Repaired" } },
    { what: "note", object: upscaler, draft: { ...applied, note: "applied 4 children" } },
    { what: "object of the same name", object: withUid("u-2"), draft: applied },
  ];
  for (const { what, object, draft } of others) {
    it(`is a new event with a different ${what}`, async () => {
      const { recorder, writes } = setUp();
      recorder.record(upscaler, applied);
      recorder.record(object, draft);
      await settle();
      assert.equal(writes.length, 2);
    });
  }

  it("stays the same event when only the resourceVersion changed", async () => {
    const { recorder, writes } = setUp();
    recorder.record(upscaler, applied);
    recorder.record({ ...upscaler, metadata: { ...upscaler.metadata, resourceVersion: "8" } }, applied);
    await settle();
    assert.equal(writes.length, 1);
  });
});

describe("rate limits of events", () => {
  it("allow an object one event a minute after the first ten, without affecting other objects", async () => {
    const { clock, recorder, writes, lines } = setUp();
    for (let i = 0; i < 100; i++) recorder.record(upscaler, { ...applied, note: `attempt ${i}` });
    recorder.record(withUid("u-2"), applied);
    await settle();
    assert.equal(writes.length, 11);
    assert.equal(lines.filter((line) => line.includes("rate limit of the object exceeded")).length, 90);
    for (let i = 0; i < 30; i++) {
      await clock.advance(10_000);
      recorder.record(upscaler, { ...applied, note: `later ${i}` });
    }
    await settle();
    assert.equal(writes.length, 11 + 5);
  });

  it("drop events when a thousand are queued", async () => {
    const { recorder, failures, lines } = setUp();
    failures.push("hang");
    recorder.record(withUid("hangs"), applied);
    await settle();
    for (let i = 0; i < 1_003; i++) recorder.record(withUid(`u-${i}`), applied);
    await settle();
    assert.equal(lines.filter((line) => line.includes("too many events are queued")).length, 3);
  });
});

describe("an event that cannot be written", () => {
  it("is logged, and written on its next occurrence", async () => {
    const { recorder, writes, failures, lines } = setUp();
    failures.push(refused);
    recorder.record(upscaler, applied);
    await settle();
    assert.match(lines.join(""), /"level":"warn".*namespace is being terminated.*failed to write an event/);
    recorder.record(upscaler, applied);
    await settle();
    assert.equal(writes.length, 1);
  });

  it("cancels the timer of its series", async () => {
    const { clock, recorder, failures } = setUp();
    failures.push(refused);
    recorder.record(upscaler, applied);
    recorder.record(upscaler, applied);
    await settle();
    assert.equal(clock.waiting, 0);
  });

  it("does not block the next ones", async () => {
    const { recorder, writes, failures } = setUp();
    failures.push(refused);
    recorder.record(upscaler, applied);
    recorder.record(withUid("u-2"), applied);
    await settle();
    assert.equal(writes.length, 1);
  });
});

describe("closing the recorder", () => {
  it("writes queued events, leaves no timer, and ignores further events", async () => {
    const { clock, recorder, writes } = setUp();
    recorder.record(upscaler, applied);
    recorder.record(upscaler, applied);
    recorder.record(withUid("u-2"), applied);
    await recorder.close();
    recorder.record(withUid("u-3"), applied);
    await settle();
    assert.deepEqual([writes.length, clock.waiting], [2, 0]);
  });

  it("stops writing after the first failure, as an unreachable API server must not delay the shutdown", async () => {
    const { recorder, writes, failures } = setUp();
    failures.push(refused);
    for (const uid of ["u-1", "u-2", "u-3"]) recorder.record(withUid(uid), applied);
    await recorder.close();
    assert.deepEqual(writes, []);
  });
});
