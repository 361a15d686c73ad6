/** Creates many services at once: the time until all children exist and all services are Ready, and the cost. */
import { runOperator, operatorUser } from "./operator-process.ts";
import { breakdown, creations, lastAnswer, requestsOf } from "./requests.ts";
import { createServices, follow, isReady, serviceNames, serviceType, untilQuiet } from "./services.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import type { Figure } from "./figure.ts";

/** Children of `spec: {}` without optional APIs: Deployment, Service, ServiceAccount, ConfigMap, HPA, PDB, NetworkPolicy. */
const childrenPerService = 7;
const settleMs = 10_000;

/** Leaves the operator and the services for the next measurements. */
export async function measureCreation(bench: BenchCluster, count: number): Promise<readonly Figure[]> {
  const { cluster, namespace } = bench;
  const operator = await runOperator(cluster, [], bench.profileTo);
  bench.operator = operator;
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
      atMost: childrenPerService + 3,
      note: breakdown(requests),
    },
    { what: `${at}: memory before`, value: idle.nowMiB, unit: "MiB", atMost: 120 },
    { what: `${at}: peak memory`, value: memory.peakMiB, unit: "MiB", ...memoryTarget(count) },
    { what: `${at}: memory after`, value: memory.nowMiB, unit: "MiB", ...memoryTarget(count) },
    { what: `${at}: event-loop delay p99`, value: loop * 1000, unit: "ms", atMost: 50 },
  ];
}

function memoryTarget(count: number): Pick<Figure, "atMost"> {
  return count >= 1000 ? { atMost: 223 } : {};
}
