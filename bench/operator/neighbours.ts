/** Do services in trouble slow the others down? The same edits without them and beside them, in turns in one run. */
import { namesake, troubleOf, troubles } from "@gpumedia/e2e/cluster/troubles.ts";
import { editLatency, followAutoscalers } from "./edit.ts";
import type { Figure } from "./figure.ts";
import { operatorUser, runOperator } from "./operator-process.ts";
import { percentile } from "./percentile.ts";
import { breakdown, requestsOf } from "./requests.ts";
import type { Room } from "./room.ts";
import {
  createServices,
  deleteServices,
  follow,
  forEach,
  isReady,
  readyReason,
  serviceNames,
  serviceType,
  untilQuiet,
} from "./services.ts";

const rounds = 5;
const editsPerRound = 100;
const restMs = 60_000;

/** `count` healthy services, and half of the time as many in trouble of every kind. */
export async function measureNeighbours(room: Room, count: number): Promise<readonly Figure[]> {
  const { cluster, namespace } = room;
  const healthy = serviceNames(count, "healthy");
  const stuck = serviceNames(count, "stuck");
  const taken = stuck.filter((_, index) => troubleOf(index).taken === true);
  await forEach(taken, 1, (name) =>
    cluster.rest.request("POST", `/api/v1/namespaces/${namespace}/services`, namesake(namespace, name)),
  );
  const operator = await runOperator(cluster, [], room.profileTo);
  room.operator = operator;
  await using services = await follow(cluster, serviceType, (object) => ({
    name: object.metadata.name,
    ready: isReady(object),
    reason: readyReason(object),
  }));
  await createServices(cluster, namespace, healthy);
  await services.when((all) => [...all].filter(({ ready }) => ready).length === count, "the healthy to be Ready");
  await using autoscalers = await followAutoscalers(room);

  let to = 20;
  const edits = async (): Promise<readonly number[]> => {
    const values: number[] = [];
    for (let edit = 0; edit < editsPerRound; edit++) {
      if (edit % count === 0) to = to === 20 ? 21 : 20;
      values.push(await editLatency(room, autoscalers, healthy[edit % count] ?? "", to));
    }
    return values;
  };

  const alone: number[] = [];
  const beside: number[] = [];
  const ratios: number[] = [];
  let restRequests = "";
  let restCpu = 0;
  for (let round = 0; round < rounds; round++) {
    await untilQuiet(cluster, operatorUser);
    // The first edit of a child also adopts its fields: not what is compared.
    if (round === 0) await edits();
    const without = await edits();
    await createServices(cluster, namespace, stuck, (index) => troubleOf(index).spec);
    const reasons = new Map(stuck.map((name, index) => [name, troubleOf(index).reason]));
    await services.when(
      (all) => [...all].filter(({ name, reason }) => reason === reasons.get(name)).length === count,
      "the others to be in their trouble",
    );
    await untilQuiet(cluster, operatorUser);
    const withThem = await edits();
    alone.push(...without);
    beside.push(...withThem);
    ratios.push(percentile(withThem, 0.5) / percentile(without, 0.5));
    if (round === rounds - 1) {
      await untilQuiet(cluster, operatorUser);
      const since = Date.now();
      const before = (await operator.metrics()).sum("process_cpu_seconds_total");
      await new Promise((resolve) => setTimeout(resolve, restMs));
      restCpu = (await operator.metrics()).sum("process_cpu_seconds_total") - before;
      restRequests = breakdown(requestsOf(cluster, operatorUser, since)) || "none";
    }
    await deleteServices(cluster, namespace, stuck);
    await services.when((all) => [...all].length === count, "the others to be gone");
  }
  const what = `edit to child of ${count} healthy services`;
  const kinds = `${count} in trouble: ${troubles.map(({ reason }) => reason).join(", ")}`;
  const note = `${rounds} × ${editsPerRound} edits`;
  return [
    { what: `${what}, alone, p50`, value: percentile(alone, 0.5), unit: "ms", note },
    { what: `${what}, alone, p99`, value: percentile(alone, 0.99), unit: "ms", note },
    { what: `${what}, beside ${kinds}, p50`, value: percentile(beside, 0.5), unit: "ms", note },
    { what: `${what}, beside them, p99`, value: percentile(beside, 0.99), unit: "ms", note },
    {
      what: "beside to alone, p50 of each round, lowest, median and highest",
      value: percentile(ratios, 0.5),
      unit: "×",
      note: `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    },
    { what: "all at rest for a minute: CPU time", value: restCpu, unit: "s", note: `requests: ${restRequests}` },
  ];
}
