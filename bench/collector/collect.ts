/** The collector alone in a process: `collect.ts PODS PORT INTERVALS` asks so many pods and prints what it cost. */
import type { ObjectKey } from "@gpumedia/operator/src/kube/object.ts";
import type { PodView } from "@gpumedia/operator/src/observe/pod-view.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import { startCollector } from "@gpumedia/operator/src/utilization/collector.ts";
import { createReportSource } from "@gpumedia/operator/src/utilization/fetch-report.ts";
import { readPods } from "@gpumedia/operator/src/utilization/reading.ts";
import { UtilizationWindow } from "@gpumedia/operator/src/utilization/window.ts";
import { setTimeout as delay } from "node:timers/promises";

/** What one run cost. */
export interface Cost {
  readonly cpuPercent: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
  readonly pollsPerSecond: number;
  readonly failed: number;
  readonly reporting: number;
}

const intervalMs = 15_000;
const [count = 100, port = 8080, intervals = 3] = process.argv.slice(2).map(Number);
const podsPerService = 2;

function podView(index: number): PodView {
  const name = `pod-${index}`;
  return {
    name,
    namespace: "media",
    uid: `uid-${index}`,
    service: `media/service-${Math.floor(index / podsPerService)}`,
    labels: {},
    templateHash: "hash",
    replicaSet: { name: "rs", uid: "rs" },
    node: "node",
    ip: `127.${10 + (index >> 16)}.${(index >> 8) & 255}.${index & 255 || 1}`,
    phase: "Running",
    ready: true,
    terminating: false,
    createdAt: "2026-01-01T00:00:00Z",
    devices: {},
    unschedulable: undefined,
    container: undefined,
    deletionCost: undefined,
  };
}

const views = Array.from({ length: count }, (_, index) => podView(index));
const pods = new Map<ObjectKey, PodView>(views.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
const window = new UtilizationWindow(2 * intervalMs + 6_000);
let reported = 0;
let failed = 0;
const source = createReportSource({ timeoutMs: 3_000, port });
const collector = startCollector({
  pods: { get: (key) => pods.get(key), values: () => pods.values(), subscribe: () => {} },
  owned: () => true,
  source,
  window,
  intervalMs,
  concurrency: 64,
  clock: systemClock,
  log: createLogger({ level: "silent" }),
  onPoll: (result) => (result === "reported" ? reported++ : failed++),
});

// The first interval compiles the code and fills the window.
await delay(intervalMs);
const before = { usage: process.cpuUsage(), at: performance.now(), reported, failed };
for (let second = 0; second < (intervals * intervalMs) / 1_000; second++) {
  await delay(1_000);
  // As the operator does: every service is summed up once an interval.
  for (let index = second % 15; index < count / podsPerService; index += 15) {
    readPods(views.slice(index * podsPerService, (index + 1) * podsPerService), window, performance.now());
  }
}
const { user, system } = process.cpuUsage(before.usage);
const seconds = (performance.now() - before.at) / 1_000;
const { rss, heapUsed } = process.memoryUsage();
const cost: Cost = {
  cpuPercent: (user + system) / 10_000 / seconds,
  rssMiB: rss / 1024 ** 2,
  heapMiB: heapUsed / 1024 ** 2,
  pollsPerSecond: (reported - before.reported) / seconds,
  failed: failed - before.failed,
  reporting: views.filter(({ uid }) => window.fresh(uid, performance.now()) !== undefined).length,
};
process.stdout.write(`${JSON.stringify(cost)}\n`);
await Promise.all([collector.stop(), source.close()]);
