import assert from "node:assert/strict";
import type { ObjectKey } from "../kube/object.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { FakeClock } from "../runtime/clock.fake.ts";
import { createLogger } from "../runtime/log.ts";
import type { StoreChange, StoreListener } from "../runtime/store.ts";
import { startCollector, type Collector, type CollectorOptions } from "./collector.ts";
import { sampleReport } from "./report.sample.ts";
import { readReport, type NoReport, type Sample } from "./sample.ts";
import { UtilizationWindow } from "./window.ts";

const sample = readReport(JSON.stringify(sampleReport)) as Sample;
const intervalMs = 15_000;

function podView(name: string, change: Partial<PodView> = {}): PodView {
  return samplePod({ name, uid: `uid-${name}`, ip: `10.0.0.${name.length}`, ready: true, ...change });
}

/** The store of pods, as far as the collector needs one. */
class Pods {
  readonly #pods = new Map<ObjectKey, PodView | undefined>();
  #listener: StoreListener<PodView | undefined> = () => {};

  get(key: ObjectKey): PodView | undefined {
    return this.#pods.get(key);
  }
  values(): Iterable<PodView | undefined> {
    return this.#pods.values();
  }
  subscribe(listener: StoreListener<PodView | undefined>): void {
    this.#listener = listener;
  }
  set(pod: PodView, origin: StoreChange<unknown>["origin"] = "watch"): void {
    const key: ObjectKey = `${pod.namespace}/${pod.name}`;
    const known = this.#pods.has(key);
    const previous = this.#pods.get(key);
    this.#pods.set(key, pod);
    this.#listener(
      known ? { type: "updated", key, origin, previous, current: pod } : { type: "added", key, origin, current: pod },
    );
  }
  delete(name: string): void {
    const key: ObjectKey = `media/${name}`;
    const previous = this.#pods.get(key);
    this.#pods.delete(key);
    this.#listener({ type: "deleted", key, origin: "watch", previous });
  }
}

describe("collector", () => {
  const clock = new FakeClock();
  let pods: Pods;
  let window: UtilizationWindow;
  let collector: Collector | undefined;
  /** The polled addresses, with the time. */
  let polled: { ip: string; at: number }[];

  beforeEach(() => {
    pods = new Pods();
    window = new UtilizationWindow(36_000);
    polled = [];
  });
  afterEach(() => collector?.stop());

  function start(answer: (ip: string) => Promise<Sample | NoReport>, more: Partial<CollectorOptions> = {}): void {
    const fetch = (ip: string): Promise<Sample | NoReport> => {
      polled.push({ ip, at: clock.now() });
      return answer(ip);
    };
    collector = startCollector({
      pods,
      owned: () => true,
      source: { fetch },
      window,
      intervalMs,
      concurrency: 4,
      clock,
      log: createLogger({ level: "silent" }),
      random: () => 0.5,
      ...more,
    });
  }

  it("polls a pod soon after it became ready, and then once per interval", async () => {
    start(async () => sample);
    pods.set(podView("a"));
    await clock.advance(2_000);
    assert.equal(polled.length, 1);
    await clock.advance(10 * intervalMs);
    assert.equal(polled.length, 11);
    assert.notEqual(window.fresh("uid-a", clock.now()), undefined);
  });

  it("polls a failing pod as often as any other", async () => {
    start(async () => ({ problem: "refuses connections" }));
    pods.set(podView("a"));
    await clock.advance(2_000 + 10 * intervalMs);
    assert.equal(polled.length, 11);
    assert.equal(window.of("uid-a")?.problem, "refuses connections");
  });

  it("spreads the pods of a start over the interval", async () => {
    let next = 0;
    for (let pod = 0; pod < 100; pod++) pods.set(podView(`p${pod}`));
    start(async () => sample, { random: () => (next++ % 100) / 100 });
    await clock.advance(intervalMs / 2);
    assert.ok(polled.length > 40 && polled.length < 60, `${polled.length} after half of the interval`);
  });

  it("limits the concurrent polls, and a hanging pod delays no other", async () => {
    const hanging = Promise.withResolvers<Sample>();
    let underWay = 0;
    let most = 0;
    for (let pod = 0; pod < 20; pod++) pods.set(podView(`p${pod}`, { ip: pod < 3 ? "10.9.9.9" : "10.0.0.1" }));
    start(async (ip) => {
      most = Math.max(most, ++underWay);
      const answer = ip === "10.9.9.9" ? await hanging.promise : sample;
      underWay--;
      return answer;
    });
    await clock.advance(intervalMs);
    assert.equal(most, 4);
    assert.equal(polled.length, 20);
    hanging.resolve(sample);
  });

  it("forgets a pod that is deleted, not ready, terminating or replaced", async () => {
    start(async () => sample);
    for (const name of ["a", "bb", "ccc", "dddd"]) pods.set(podView(name));
    await clock.advance(2_000);
    assert.equal(window.size, 4);
    pods.delete("a");
    pods.set(podView("bb", { ready: false }));
    pods.set(podView("ccc", { terminating: true }));
    pods.set(podView("dddd", { uid: "uid-new" }));
    assert.equal(window.size, 0);
    await clock.advance(2_000);
    assert.deepEqual(
      ["uid-a", "uid-bb", "uid-ccc", "uid-dddd", "uid-new"].map((uid) => window.of(uid) !== undefined),
      [false, false, false, false, true],
    );
    polled = [];
    await clock.advance(2 * intervalMs);
    assert.deepEqual(new Set(polled.map(({ ip }) => ip)), new Set(["10.0.0.4"]));
  });

  it("ignores the report of a pod that was deleted during the poll", async () => {
    const answer = Promise.withResolvers<Sample>();
    start(() => answer.promise);
    pods.set(podView("a"));
    await clock.advance(2_000);
    pods.delete("a");
    answer.resolve(sample);
    await clock.advance(100);
    assert.equal(window.size, 0);
  });

  it("does not poll a pod that only has the labels", async () => {
    const results: string[] = [];
    start(async () => sample, {
      owned: ({ name }) => (name === "ccc" ? undefined : name === "a"),
      onPoll: (result) => results.push(result),
    });
    for (const name of ["a", "bb", "ccc"]) pods.set(podView(name));
    await clock.advance(2_000);
    assert.deepEqual(
      polled.map(({ ip }) => ip),
      ["10.0.0.1"],
    );
    assert.deepEqual(results.toSorted(), ["failed", "foreign", "reported"]);
    assert.equal(window.size, 1);
  });

  it("stops when the running polls have finished", async () => {
    const answer = Promise.withResolvers<Sample>();
    start(() => answer.promise);
    pods.set(podView("a"));
    await clock.advance(2_000);
    let stopped = false;
    const stopping = collector?.stop().then(() => (stopped = true));
    await clock.advance(1_000);
    assert.equal(stopped, false);
    answer.resolve(sample);
    await stopping;
    await clock.advance(10 * intervalMs);
    assert.equal(polled.length, 1);
  });
});
