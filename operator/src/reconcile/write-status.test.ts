import assert from "node:assert/strict";
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { ServiceMemory } from "./memory.ts";
import { apiError, failing, fakePass, silent, storedService, type FakePass } from "./pass.fake.ts";
import { writeStatus } from "./write-status.ts";

const ready = { type: "Ready", reason: "Serving", message: "2 of 2 replicas serve", observedGeneration: 1 } as const;
const before: GpuMediaServiceStatus = { observedGeneration: 1, utilization: { pods: 0, band: "Unknown" } };
const after: GpuMediaServiceStatus = {
  ...before,
  conditions: [{ ...ready, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
};
const patch = "patch GpuMediaService upscaler";

describe("the status of a service", () => {
  let record: ServiceMemory;
  beforeEach(() => (record = new ServiceMemory("u-1")));
  const write = async (pass: FakePass, status = after): ReturnType<typeof writeStatus> =>
    writeStatus(storedService({}, before), status, record, pass, silent);

  it("is written for the UID that it is about, with an event of what changed", async () => {
    const pass = fakePass({ allowed: /^patch / });
    await pass.clock.advance(1_000);
    assert.equal(await write(pass), undefined);
    assert.deepEqual(pass.client.patches, [
      [
        { op: "test", path: "/metadata/uid", value: "u-1" },
        { op: "add", path: "/status", value: after },
      ],
    ]);
    assert.deepEqual(
      pass.recorded.map(({ type, reason }) => [type, reason]),
      [["Normal", "Serving"]],
    );
    assert.deepEqual([record.statusWrittenAt, record.figuresWrittenAt], [1_000, undefined]);
    assert.deepEqual(pass.snapshots.current?.stored.status, after, "the next snapshot has it");
  });

  it("is not written when only the free GPUs differ: one pod would cost a write for every service", async () => {
    const capacity = { gpusRequested: 1, gpusAllocatable: 8, gpusFree: 3 };
    assert.equal(await write(fakePass(), { ...before, capacity }), undefined);
  });

  it("remembers when its figures were written", async () => {
    const pass = fakePass({ allowed: /^patch / });
    await pass.clock.advance(1_000);
    await write(pass, { ...before, utilization: { pods: 1, band: "Below" } });
    assert.equal(record.figuresWrittenAt, 1_000);
  });

  it("is held back shortly after the last write while it only counts further", async () => {
    record.statusWrittenAt = 0;
    assert.deepEqual(await write(fakePass(), { ...before, replicas: { desired: 2, ready: 1, updated: 2 } }), {
      heldMs: 2_000,
    });
  });

  const invalid = apiError(422, "Invalid", {
    causes: [{ field: "spec", message: "too long", reason: "FieldValueInvalid" }],
  });
  const failures: {
    readonly [title: string]: {
      readonly error: ReturnType<typeof apiError>;
      readonly unwritten: boolean;
      readonly events: number;
    };
  } = {
    "is written later when the API server fails": { error: apiError(500), unwritten: true, events: 0 },
    "is written later after a conflict": { error: apiError(409, "Conflict"), unwritten: true, events: 0 },
    "is not written to a service that was deleted": { error: apiError(404), unwritten: false, events: 0 },
    "is not written to another service of its name": { error: apiError(422, "Invalid"), unwritten: false, events: 0 },
    "leaves an event where the stored object violates its schema": { error: invalid, unwritten: false, events: 1 },
  };
  for (const [title, { error, unwritten, events }] of Object.entries(failures)) {
    it(title, async () => {
      const pass = fakePass({ answers: { [patch]: failing(error) } });
      assert.deepEqual(await write(pass), unwritten ? { error } : undefined);
      assert.deepEqual(pass.recorded.length, events);
      assert.equal(record.statusWrittenAt, undefined);
    });
  }

  it("does not hide a bug", async () => {
    await assert.rejects(write(fakePass({ answers: { [patch]: failing(new TypeError("a bug")) } })), /a bug/);
  });
});
