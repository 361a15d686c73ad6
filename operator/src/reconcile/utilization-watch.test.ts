import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import { digest } from "../kube/digest.ts";
import type { ObjectKey } from "../kube/object.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import { healthy } from "../utilization/aggregate.sample.ts";
import { UtilizationWindow } from "../utilization/window.ts";
import { fakePass, key, silent as log, type FakePass } from "./pass.fake.ts";
import { reconcileService } from "./service.ts";
import type { Snapshot } from "./snapshot.ts";
import { startUtilizationWatch } from "./utilization-watch.ts";

const intervalMs = 15_000;
const polled = { polled: 2, silent: [], pending: 0, lost: [], gpuSharing: undefined, sharedGpus: [], loads: [] };
const reports: Snapshot["reports"] = { ...polled, figures: healthy, latest: healthy };
const withGpus = (gpuPercent: number): Snapshot["reports"] => {
  const figures = { ...healthy, gpuPercent };
  return { ...polled, figures, latest: figures };
};

describe("the watch of utilization", () => {
  let pass: FakePass;
  let requeued: ObjectKey[];
  let stop: () => Promise<void>;

  /** The service has been reconciled, and its status shows `reports`. */
  beforeEach(async () => {
    pass = fakePass({ allowed: /./, snapshot: { reports } });
    await reconcileService(key, pass, log);
    requeued = [];
    stop = startUtilizationWatch({
      ...pass,
      // No pod is polled here: the reports are those of the snapshot.
      cache: { pods: { get: () => undefined, values: () => [], subscribe: () => {} }, isControlled: () => true },
      window: new UtilizationWindow(intervalMs),
      intervalMs,
      log,
      metrics: { pods: () => {}, polled: () => {} },
      requeue: (service) => requeued.push(service),
    });
  });
  afterEach(async () => stop());

  const change = (changes: Partial<Snapshot>): void => {
    pass.snapshots.current = { ...(pass.snapshots.current ?? assert.fail()), ...changes };
  };
  const loseReports = (): void =>
    change({ reports: { ...reports, silent: [{ name: "p", problem: "refuses connections" }] } });
  /** As its reconcile does. */
  const remember = (service: ObjectKey): void => {
    Object.assign(pass.memory.of(service, "u-1"), { service: sampleService(), figuresWrittenAt: 0 });
  };
  const openSession = { pods: [samplePod({ ip: "10.0.0.1", ready: true })], sessions: new Map([["u", 1]]) };

  const cases: Readonly<Record<string, { readonly act: () => void; readonly requeues: boolean }>> = {
    "does not requeue a service whose status is current": { act: () => {}, requeues: false },
    "requeues a service when a pod stops reporting": {
      act: loseReports,
      requeues: true,
    },
    "does not requeue a service for figures that were written less than a minute ago": {
      act: () => change({ reports: withGpus(65) }),
      requeues: false,
    },
    "requeues a service when a pod loses its GPU": {
      act: () => change({ reports: { ...reports, lost: [{ pod: "p", gpu: "GPU 0" }] } }),
      requeues: true,
    },
    "does not requeue a service for a lost GPU that its status has": {
      act() {
        const lost = [{ pod: "p", gpu: "GPU 0" }];
        change({ reports: { ...reports, lost } });
        Object.assign(pass.memory.find(key) ?? assert.fail(), { reportedLost: digest(lost) });
      },
      requeues: false,
    },
    "requeues a service when the deletion cost of a pod is due": {
      act() {
        change(openSession);
        Object.assign(pass.memory.find(key) ?? assert.fail(), { scaleInNearAt: 0 });
      },
      requeues: true,
    },
    "does not requeue a service that was deleted": { act: () => (pass.snapshots.current = undefined), requeues: false },
    "does not requeue a service that has never been valid": {
      act() {
        change({ reports: withGpus(99) });
        pass.memory.forget(key);
        pass.memory.of(key, "u-1");
      },
      requeues: false,
    },
  };
  for (const [title, { act, requeues }] of Object.entries(cases)) {
    it(title, async () => {
      act();
      await pass.clock.advance(1_000);
      assert.deepEqual(requeued, requeues ? [key] : []);
    });
  }

  it("requeues a service for figures that have moved, a minute after the last write", async () => {
    change({ reports: withGpus(65) });
    await pass.clock.advance(59_000);
    assert.deepEqual(requeued, []);
    await pass.clock.advance(1_000);
    assert.deepEqual(requeued, [key]);
  });

  it("checks each service once per interval, some of them each second", async () => {
    for (let other = 1; other < 30; other++) remember(`media/${other}`);
    loseReports();
    await pass.clock.advance(1_000);
    assert.deepEqual(requeued, [key, "media/1"]);
    await pass.clock.advance(intervalMs - 1_000);
    assert.deepEqual(requeued, [...pass.memory.keys()]);
  });

  it("continues with a service that is created after the last one was deleted", async () => {
    await pass.clock.advance(1_000);
    pass.memory.forget(key);
    await pass.clock.advance(1_000);
    remember(key);
    loseReports();
    await pass.clock.advance(1_000);
    assert.deepEqual(requeued, [key]);
  });

  it("requeues nothing after it has stopped", async () => {
    loseReports();
    await stop();
    await pass.clock.advance(intervalMs);
    assert.deepEqual([requeued, pass.clock.waiting], [[], 0]);
  });
});
