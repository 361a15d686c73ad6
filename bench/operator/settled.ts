/** What a settled cluster costs: a restart, other people's status writes, and visits that find nothing to do. */
import { setTimeout as delay } from "node:timers/promises";
import { until } from "@gpumedia/e2e/cluster/until.ts";
import { bucketPercentile } from "./percentile.ts";
import type { Figure } from "./figure.ts";
import { operatorUser, runOperator } from "./operator-process.ts";
import { breakdown, requestsOf, writes } from "./requests.ts";
import type { Room } from "./room.ts";
import { setMaxReplicas, untilQuiet } from "./services.ts";

const controller = 'controller="gpumediaservice"';
const visitsTotal = "controller_runtime_reconcile_total";

/** The operator is ended in order and started again; nothing has changed meanwhile. */
export async function measureRestart(room: Room, names: readonly string[]): Promise<readonly Figure[]> {
  const { cluster, namespace } = room;
  await room.operator?.stop();
  const operator = await runOperator(cluster, [], room.profileTo);
  room.operator = operator;
  const since = operator.startedAt;
  const leadingMs = Date.now() - since;
  await until(
    "every service to be visited",
    async () => ((await operator.metrics()).sum(visitsTotal, controller) >= names.length ? true : undefined),
    { everyMs: 200, withinMs: 120_000 },
  );
  const visitedMs = Date.now() - since;
  await untilQuiet(cluster, operatorUser);
  const requests = requestsOf(cluster, operatorUser, since);
  const lists = requests.filter(({ verb }) => verb === "list").length;
  const memory = await operator.memory();

  // Once more, with an edit that waits for it: the first visit that is of use to anybody.
  await operator.stop();
  await setMaxReplicas(cluster, namespace, names.at(-1) ?? "", 31);
  const again = await runOperator(cluster, [], room.profileTo);
  room.operator = again;
  const resource = "horizontalpodautoscalers";
  const first = await cluster.audit.waitFor({ user: operatorUser, verb: "patch", resource, since: again.startedAt });
  const at = `restart with ${names.length} settled services`;
  const others = requests.length - lists - writes(requests).length;
  return [
    {
      what: `${at}: writes`,
      value: writes(requests).length,
      unit: "",
      goal: { is: "at most", than: 0 },
      note: breakdown(writes(requests)),
    },
    { what: `${at}: lists`, value: lists, unit: "", note: `${others} other reads` },
    { what: `${at}: it leads`, value: leadingMs / 1000, unit: "s" },
    { what: `${at}: every service has been visited`, value: visitedMs / 1000, unit: "s" },
    {
      what: `${at}: an edit that waited has reached its child`,
      value: (Date.parse(first.stageTimestamp) - again.startedAt) / 1000,
      unit: "s",
      goal: { is: "at most", than: 15 },
    },
    { what: `${at}: memory at its highest`, value: memory.peakMiB, unit: "MiB", goal: { is: "at most", than: 223 } },
  ];
}

const statusRounds = 4;
const statusEveryMs = 15_000;
const statuses = 20;

/** 20 HorizontalPodAutoscalers get another status every 15 s for a minute, as an autoscaler under load writes it. */
export async function measureForeignStatuses(room: Room, names: readonly string[]): Promise<readonly Figure[]> {
  const { cluster, namespace } = room;
  const writeStatuses = async (round: number): Promise<void> => {
    for (const name of names.slice(0, statuses)) {
      const path = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}/status`;
      const status = { desiredReplicas: 2, currentReplicas: 2, currentMetrics: [cpuMetric(40 + round)] };
      await cluster.rest.request("PATCH", path, { status }, "merge-patch+json");
    }
  };
  // Not counted: it also brings the statuses what only a look at the pods, which are not asked here, would bring.
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
    { what: `${what}: writes`, value: writes(requests).length, unit: "", goal: { is: "at most", than: 0 } },
  ];
}

function cpuMetric(averageUtilization: number): unknown {
  return { type: "Resource", resource: { name: "cpu", current: { averageUtilization, averageValue: "1" } } };
}

const visitSeconds = 30;
/** Few enough that one round of visits ends before the next begins. */
const resyncMs = 2_000;

/** Every service is visited again and again though nothing has changed. */
export async function measureIdleVisits(room: Room, names: readonly string[]): Promise<readonly Figure[]> {
  const { cluster } = room;
  await room.operator?.stop();
  const operator = await runOperator(cluster, [`--resync-interval=${resyncMs}ms`], room.profileTo);
  room.operator = operator;
  await untilQuiet(cluster, operatorUser);
  const before = await operator.metrics();
  const since = Date.now();
  await delay(visitSeconds * 1000);
  const after = await operator.metrics();
  const visits = after.sum(visitsTotal, controller) - before.sum(visitsTotal, controller);
  const cpuSeconds = after.sum("process_cpu_seconds_total") - before.sum("process_cpu_seconds_total");
  const took = after.bucketsSince(before, "controller_runtime_reconcile_time_seconds", controller);
  const at = `visits that find nothing to do, ${names.length} services`;
  return [
    {
      what: `${at}: per second of CPU time`,
      value: visits / cpuSeconds,
      unit: "/s",
      goal: { is: "at least", than: 230 },
    },
    {
      what: `${at}: p99`,
      value: bucketPercentile(took, 0.99) * 1000,
      unit: "ms",
      goal: { is: "at most", than: 10 },
      note: "upper bound of the histogram's bucket",
    },
    {
      what: `${at}: requests`,
      value: requestsOf(cluster, operatorUser, since).length,
      unit: "",
      goal: { is: "at most", than: 0 },
    },
    {
      what: `${at}: event-loop delay p99`,
      value: after.sum("nodejs_eventloop_lag_p99_seconds") * 1000,
      unit: "ms",
      goal: { is: "at most", than: 50 },
    },
  ];
}
