/** Edits one field of a service, and measures the time until its child has changed. */
import { runOperator, operatorUser } from "./operator-process.ts";
import { breakdown, requestsOf } from "./requests.ts";
import { percentile } from "./percentile.ts";
import type { Figure } from "./figure.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import {
  autoscalerType,
  createServices,
  follow,
  isReady,
  serviceNames,
  serviceType,
  setMaxReplicas,
  untilQuiet,
  type Followed,
} from "./services.ts";

interface Autoscaler {
  readonly name: string;
  readonly maxReplicas: number;
}

const edited = 20;
const editsPerService = 5;
const pauseMs = 250;

export async function followAutoscalers({ cluster }: BenchCluster): Promise<Followed<Autoscaler>> {
  return follow(cluster, autoscalerType, (object) => {
    const { spec } = object as typeof object & { readonly spec: { readonly maxReplicas: number } };
    return { name: object.metadata.name, maxReplicas: spec.maxReplicas };
  });
}

/** Milliseconds from sending the edit until a watch shows the changed HorizontalPodAutoscaler. */
export async function editLatency(
  bench: BenchCluster,
  autoscalers: Followed<Autoscaler>,
  name: string,
  to: number,
): Promise<number> {
  const shown = autoscalers.when(
    (all) => [...all].some((one) => one.name === name && one.maxReplicas === to),
    `the edit of ${name}`,
  );
  const begun = performance.now();
  await setMaxReplicas(bench.cluster, bench.namespace, name, to);
  await shown;
  return performance.now() - begun;
}

/** Edits 20 settled services one after the other. The first edit of each service also adopts the child's fields. */
export async function measureIdleEdits(bench: BenchCluster, names: readonly string[]): Promise<readonly Figure[]> {
  await using autoscalers = await followAutoscalers(bench);
  const first: number[] = [];
  const later: number[] = [];
  const since = Date.now();
  for (let round = 0; round < editsPerService; round++) {
    for (const name of names.slice(0, edited)) {
      (round === 0 ? first : later).push(await editLatency(bench, autoscalers, name, 20 + round));
    }
  }
  await untilQuiet(bench.cluster, operatorUser);
  const edits = first.length + later.length;
  const requests = requestsOf(bench.cluster, operatorUser, since);
  return [
    ...latencies(`edit to child, idle`, [...first, ...later], { p50: 20, p99: 50 }, `${edits} edits`),
    { what: "the same, only the first edit of a child, p50", value: percentile(first, 0.5), unit: "ms" },
    { what: "requests per edit", value: requests.length / edits, unit: "", note: breakdown(requests) },
  ];
}

/** Edits settled services while `storm` others, created at once, are queued. */
export async function measureEditsInStorm(bench: BenchCluster, storm: number): Promise<readonly Figure[]> {
  const { cluster, namespace } = bench;
  bench.operator = await runOperator(cluster, [], bench.profileTo);
  const settled = serviceNames(edited, "settled");
  await using services = await follow(cluster, serviceType, isReady);
  await createServices(cluster, namespace, settled);
  await services.when((all) => [...all].filter(Boolean).length === edited, "the settled services to be Ready");
  await using autoscalers = await followAutoscalers(bench);

  const created = createServices(cluster, namespace, serviceNames(storm, "storm"));
  const values: number[] = [];
  let to = 20;
  while (services.count(Boolean) < edited + storm) {
    for (const name of settled) values.push(await editLatency(bench, autoscalers, name, to));
    to = to === 20 ? 21 : 20;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  await created;
  return latencies(`edit to child, ${storm} services created at once`, values, { p99: 1000 }, `${values.length} edits`);
}

function latencies(
  what: string,
  values: readonly number[],
  targets: { readonly p50?: number; readonly p99: number },
  note: string,
): readonly Figure[] {
  const figure = (name: "p50" | "p99", fraction: number): Figure => {
    const atMost = targets[name];
    const target = atMost === undefined ? {} : { atMost };
    return { what: `${what}, ${name}`, value: percentile(values, fraction), unit: "ms", note, ...target };
  };
  return [figure("p50", 0.5), figure("p99", 0.99)];
}
