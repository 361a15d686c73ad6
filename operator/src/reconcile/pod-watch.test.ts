import assert from "node:assert/strict";
import type { ListOptions } from "../kube/client.ts";
import { storedObject } from "../kube/object.sample.ts";
import type { ResourceType } from "../kube/object.ts";
import { startFailure, type CoreEvent, type StartFailure } from "../observe/pod-events.ts";
import { sampleContainer, samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { silent as log } from "./pass.fake.ts";
import { isBeingCreated } from "../status/pod-trouble.ts";
import { PodWatch } from "./pod-watch.ts";

const failing = { reason: "FailedMount", message: "no such volume" };

function warning(failure: typeof failing, resourceVersion = "1"): CoreEvent {
  const stored = storedObject({ name: failure.reason, resourceVersion });
  return { ...stored, kind: "Event", type: "Warning", source: { component: "kubelet" }, ...failure };
}

describe("the watch of pods that wait", () => {
  let clock: FakeClock;
  let watch: PodWatch<StartFailure>;
  let pods: (PodView | undefined)[];
  let events: () => Promise<readonly CoreEvent[]>;
  let asked: (string | undefined)[];
  let requeued: string[];
  let stop: () => Promise<void>;

  beforeEach(() => {
    clock = new FakeClock();
    pods = [samplePod()];
    events = () => Promise.resolve([warning(failing)]);
    [asked, requeued] = [[], []];
    const list = async (_type: ResourceType, { fieldSelector }: ListOptions = {}) => {
      asked.push(fieldSelector?.replace("involvedObject.uid=", ""));
      return { items: await events(), resourceVersion: "1" };
    };
    watch = new PodWatch({
      pods: { values: () => pods },
      isWaiting: isBeingCreated,
      patienceMs: 10_000,
      read: (pod) => startFailure({ list }, pod),
      clock,
      log,
      requeue: (service) => requeued.push(service),
    });
    stop = watch.start();
  });
  afterEach(async () => {
    await stop();
    assert.equal(clock.waiting, 0);
  });

  it("requeues the service of a pod that has not started after 10 s, and again only when the reason changes", async () => {
    await clock.advance(10_000);
    assert.deepEqual([asked, watch.findingOf(samplePod())], [[], undefined]);
    await clock.advance(5_000);
    assert.deepEqual([requeued, watch.findingOf(samplePod())], [["media/upscaler"], failing]);
    await clock.advance(20_000);
    assert.deepEqual([asked.length, requeued.length], [5, 1]);
    events = () => Promise.resolve([{ ...warning(failing), type: "Normal" }]);
    await clock.advance(5_000);
    assert.deepEqual([requeued.length, watch.findingOf(samplePod())], [2, undefined]);
  });

  for (const [title, pod] of Object.entries({
    "has no node yet": samplePod({ node: undefined }),
    "runs, and is not ready": samplePod({ phase: "Running", container: sampleContainer({ running: true }) }),
    "cannot pull its image, which its status has": samplePod({
      container: sampleContainer({ waiting: { reason: "ErrImagePull", message: "" } }),
    }),
    "has an init container that runs": samplePod({
      container: sampleContainer({ waiting: { reason: "PodInitializing", message: "" } }),
      blocking: { ...sampleContainer({ running: true }), name: "fetch", comesFirst: true },
    }),
    "is being deleted": samplePod({ terminating: true }),
    "belongs to no service": samplePod({ service: undefined }),
  })) {
    it(`reads no event of a pod that ${title}`, async () => {
      pods = [undefined, pod];
      await clock.advance(60_000);
      assert.deepEqual(asked, []);
    });
  }

  it("forgets a pod that has started, and waits again if it is created anew", async () => {
    await clock.advance(15_000);
    pods = [samplePod({ container: sampleContainer({ running: true }) })];
    await clock.advance(5_000);
    assert.equal(watch.findingOf(samplePod()), undefined);
    pods = [samplePod()];
    asked = [];
    await clock.advance(10_000);
    assert.deepEqual(asked, []);
  });

  it("reads ten pods in each round, the longest unread first", async () => {
    pods = Array.from({ length: 25 }, (_, index) => samplePod({ uid: String(index) }));
    await clock.advance(15_000);
    assert.equal(asked.length, 10);
    await clock.advance(10_000);
    assert.equal(new Set(asked).size, 25);
  });

  it("goes on after a request that fails, and starts none while one is pending", async () => {
    events = () => Promise.reject(new Error("forbidden"));
    await clock.advance(15_000);
    const pending = Promise.withResolvers<readonly CoreEvent[]>();
    events = () => pending.promise;
    await clock.advance(15_000);
    assert.deepEqual([asked.length, requeued], [2, []]);
    pending.resolve([warning(failing)]);
    await clock.advance(0);
    assert.deepEqual(requeued, ["media/upscaler"]);
  });
});
