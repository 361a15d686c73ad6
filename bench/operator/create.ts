/** Many services that are created at once: until all their children exist and all are Ready, and at what cost. */
import { runOperator, operatorUser } from "./operator-process.ts";
import { breakdown, creations, lastAnswer, requestsOf } from "./requests.ts";
import { createServices, follow, isReady, serviceNames, serviceType, untilQuiet } from "./services.ts";
import type { Room } from "./room.ts";
import type { Figure } from "./figure.ts";

/** Of `spec: {}` without optional APIs: Deployment, Service, ServiceAccount, HPA, PDB, NetworkPolicy, two ConfigMaps. */
const childrenPerService = 8;
const settleMs = 10_000;

/** Leaves the operator and the services as they are, for what is measured next. */
export async function measureCreation(room: Room, count: number): Promise<readonly Figure[]> {
  const { cluster, namespace } = room;
  const operator = await runOperator(cluster, [], room.profileTo);
  room.operator = operator;
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const idle = await operator.memory();
  await operator.metrics();

  await using services = await follow(cluster, serviceType, isReady);
  const begun = Date.now();
  const created = createServices(cluster, namespace, serviceNames(count));
  await services.when((all) => [...all].filter(Boolean).length === count, `${count} services to be Ready`);
  const readyMs = Date.now() - begun;
  await created;
  await untilQuiet(cluster, operatorUser);

  const requests = requestsOf(cluster, operatorUser, begun);
  const children = creations(requests);
  const childrenMs = lastAnswer(children) - begun;
  const memory = await operator.memory();
  const loop = (await operator.metrics()).sum("nodejs_eventloop_lag_p99_seconds");
  const at = `${count} services`;
  return [
    { what: `${at}: all children exist`, value: childrenMs / 1000, unit: "s" },
    { what: `${at}: all Ready`, value: readyMs / 1000, unit: "s" },
    { what: `${at}: children`, value: children.length / (childrenMs / 1000), unit: "/s" },
    {
      what: `${at}: requests per service`,
      value: requests.length / count,
      unit: "",
      goal: { is: "at most", than: childrenPerService + 3 },
      note: breakdown(requests),
    },
    { what: `${at}: memory before`, value: idle.nowMiB, unit: "MiB", goal: { is: "at most", than: 120 } },
    { what: `${at}: memory at its highest`, value: memory.peakMiB, unit: "MiB", ...memoryGoal(count) },
    { what: `${at}: memory after`, value: memory.nowMiB, unit: "MiB", ...memoryGoal(count) },
    { what: `${at}: event-loop delay p99`, value: loop * 1000, unit: "ms", goal: { is: "at most", than: 50 } },
  ];
}

function memoryGoal(count: number): Pick<Figure, "goal"> {
  return count >= 1000 ? { goal: { is: "at most", than: 223 } } : {};
}
