/** The cost of a settled cluster: a restart, status writes of other controllers, and reconciles without changes. */
import { setTimeout as delay } from "node:timers/promises";
import { until } from "@gpumedia/e2e/cluster/until.ts";
import { bucketPercentile } from "./percentile.ts";
import type { Figure } from "./figure.ts";
import { operatorUser, runOperator } from "./operator-process.ts";
import { breakdown, requestsOf, writes } from "./requests.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { setMaxReplicas, untilQuiet } from "./services.ts";

const controller = 'controller="gpumediaservice"';
const reconcilesTotal = "controller_runtime_reconcile_total";

/** Restarts the operator gracefully, without changes in between. */
export async function measureRestart(bench: BenchCluster, names: readonly string[]): Promise<readonly Figure[]> {
  const { cluster, namespace } = bench;
  await bench.operator?.stop();
  const operator = await runOperator(cluster, [], bench.profileTo);
  bench.operator = operator;
  const since = operator.startedAt;
  const leadingMs = Date.now() - since;
  await until(
    "every service to be reconciled",
    async () => (await operator.metrics()).sum(reconcilesTotal, controller) >= names.length,
    { everyMs: 200, withinMs: 120_000 },
  );
  const reconciledMs = Date.now() - since;
  await untilQuiet(cluster, operatorUser);
  const requests = requestsOf(cluster, operatorUser, since);
  const lists = requests.filter(({ verb }) => verb === "list").length;
  const streams = cluster.audit
    .requests({ user: operatorUser, verb: "watch", since })
    .filter(({ requestURI }) => requestURI.includes("sendInitialEvents=true")).length;
  const memory = await operator.memory();

  // Again, with an edit in between: the first reconcile with something to do.
  await operator.stop();
  await setMaxReplicas(cluster, namespace, names.at(-1) ?? "", 31);
  const again = await runOperator(cluster, [], bench.profileTo);
  bench.operator = again;
  const resource = "horizontalpodautoscalers";
  const first = await cluster.audit.waitFor({ user: operatorUser, verb: "patch", resource, since: again.startedAt });
  const at = `restart with ${names.length} settled services`;
  const others = requests.length - lists - writes(requests).length;
  return [
    { what: `${at}: writes`, value: writes(requests).length, unit: "", atMost: 0, note: breakdown(writes(requests)) },
    { what: `${at}: lists`, value: lists + streams, unit: "", note: `${streams} streamed, ${others} other reads` },
    { what: `${at}: it is the leader`, value: leadingMs / 1000, unit: "s" },
    { what: `${at}: every service has been reconciled`, value: reconciledMs / 1000, unit: "s" },
    {
      what: `${at}: an edit made before the start has reached its child`,
      value: (Date.parse(first.stageTimestamp) - again.startedAt) / 1000,
      unit: "s",
      atMost: 15,
    },
    { what: `${at}: peak memory`, value: memory.peakMiB, unit: "MiB", atMost: 223 },
  ];
}

const statusRounds = 4;
const statusEveryMs = 15_000;
const statuses = 20;

/** Writes new statuses of 20 HorizontalPodAutoscalers every 15 s for a minute, as an autoscaler under load does. */
export async function measureForeignStatuses(
  bench: BenchCluster,
  names: readonly string[],
): Promise<readonly Figure[]> {
  const { cluster, namespace } = bench;
  const writeStatuses = async (round: number): Promise<void> => {
    for (const name of names.slice(0, statuses)) {
      const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}/status`;
      const status = { desiredReplicas: 2, currentReplicas: 2, currentMetrics: [cpuMetric(40 + round)] };
      await cluster.rest.request("PATCH", path, { status }, "merge-patch+json");
    }
  };
  // Not counted: the first write also adds figures to the statuses that reports would have set.
  await writeStatuses(0);
  await untilQuiet(cluster, operatorUser);
  const since = Date.now();
  for (let round = 1; round <= statusRounds; round++) {
    await writeStatuses(round);
    await delay(statusEveryMs);
  }
  const requests = requestsOf(cluster, operatorUser, since);
  const what = `${statuses} autoscaler statuses every 15 s for a minute`;
  return [
    { what: `${what}: requests`, value: requests.length, unit: "", note: breakdown(requests) },
    { what: `${what}: writes`, value: writes(requests).length, unit: "", atMost: 0 },
  ];
}

function cpuMetric(averageUtilization: number): unknown {
  return { type: "Resource", resource: { name: "cpu", current: { averageUtilization, averageValue: "1" } } };
}

const measuredSeconds = 30;
/** Long enough to reconcile all services once. */
const resyncMs = 2_000;

/** Reconciles every service repeatedly although nothing has changed. */
export async function measureIdleReconciles(bench: BenchCluster, names: readonly string[]): Promise<readonly Figure[]> {
  const { cluster } = bench;
  await bench.operator?.stop();
  const operator = await runOperator(cluster, [`--resync-interval=${resyncMs}ms`], bench.profileTo);
  bench.operator = operator;
  await untilQuiet(cluster, operatorUser);
  const before = await operator.metrics();
  const since = Date.now();
  await delay(measuredSeconds * 1000);
  const after = await operator.metrics();
  const reconciles = after.sum(reconcilesTotal, controller) - before.sum(reconcilesTotal, controller);
  const cpuSeconds = after.sum("process_cpu_seconds_total") - before.sum("process_cpu_seconds_total");
  const took = after.bucketsSince(before, "controller_runtime_reconcile_time_seconds", controller);
  const at = `reconciles without changes, ${names.length} services`;
  return [
    { what: `${at}: per second of CPU time`, value: reconciles / cpuSeconds, unit: "/s", atLeast: 230 },
    {
      what: `${at}: p99`,
      value: bucketPercentile(took, 0.99) * 1000,
      unit: "ms",
      atMost: 10,
      note: "upper bound of the histogram's bucket",
    },
    { what: `${at}: requests`, value: requestsOf(cluster, operatorUser, since).length, unit: "", atMost: 0 },
    {
      what: `${at}: event-loop delay p99`,
      value: after.sum("nodejs_eventloop_lag_p99_seconds") * 1000,
      unit: "ms",
      atMost: 50,
    },
  ];
}
