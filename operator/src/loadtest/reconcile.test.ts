import assert from "node:assert/strict";
import { storedObject } from "../kube/object.sample.ts";
import type { KubeObject } from "../kube/object.ts";
import { apiError } from "../reconcile/pass.fake.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import type { JobView, StoredLoadTest } from "./cache.ts";
import { reconcileLoadTest, type LoadTestPass } from "./reconcile.ts";
import { sampleResult } from "./result.sample.ts";

const key = "media/test";
const job: JobView = {
  name: "test",
  uid: "j",
  owner: "u",
  createdAt: "2026-01-01T00:00:00Z",
  ready: 0,
  conditions: [],
};
/** The client has ended, and a proxy runs on. */
const terminated = { exitCode: 0, message: JSON.stringify(sampleResult) };
const pod = {
  ...storedObject({ name: "test-x" }),
  status: { phase: "Running", containerStatuses: [{ name: "loadtest", state: { terminated } }] },
};

function fakePass(replaceStatus: () => void) {
  const calls: string[] = [];
  const test = {
    ...storedObject({ name: "test", namespace: "media", uid: "u" }),
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaLoadTest",
    spec: { serviceRef: { name: "upscaler" } },
    status: { job: "test" },
  } as unknown as StoredLoadTest;
  const tests = new Map([[key, test]]);
  const store = {
    get: (name: string) => tests.get(name),
    observeWrite: (object: KubeObject) => tests.set(key, object as StoredLoadTest),
  };
  const pass = {
    client: {
      list: async () => ({ items: [pod], resourceVersion: "1" }),
      async jsonPatch(
        _type: object,
        _namespace: string,
        _name: string,
        operations: readonly { path: string; value?: object }[],
      ) {
        calls.push("status");
        replaceStatus();
        return { ...test, status: operations.find(({ path }) => path === "/status")?.value };
      },
      delete: async () => void calls.push("delete"),
    },
    cache: { services: { get: () => undefined } },
    loadTests: { tests: store, jobs: { get: () => job } },
    events: { record: () => undefined },
    clock: new FakeClock(),
  } as unknown as LoadTestPass;
  return { calls, reconcile: () => reconcileLoadTest(key, pass) };
}

describe("the Job of a load test whose client has ended beside a proxy", () => {
  it("is deleted once the status has the result", async () => {
    const { calls, reconcile } = fakePass(() => undefined);
    assert.deepEqual(await reconcile(), { kind: "now" });
    assert.deepEqual(calls, ["status"]);
    await reconcile();
    assert.deepEqual(calls, ["status", "delete"]);
  });

  // Its pod has the result: a passed test became an error.
  it("stays while the status cannot be written", async () => {
    const { calls, reconcile } = fakePass(() => {
      throw apiError(503, "ServiceUnavailable");
    });
    await reconcile();
    await reconcile();
    assert.deepEqual(calls, ["status", "status"]);
  });
});
