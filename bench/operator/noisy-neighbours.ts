/** Noisy neighbours: do failing services slow down others? The same edits beside failing and beside healthy ones, in turns. */
import { namesake, troubleOf, troubles } from "@gpumedia/e2e/cluster/troubles.ts";
import { editLatency, followAutoscalers } from "./edit.ts";
import type { Figure } from "./figure.ts";
import { operatorUser, runOperator, type OperatorUnderTest } from "./operator-process.ts";
import { percentile } from "./percentile.ts";
import { breakdown, requestsOf } from "./requests.ts";
import type { BenchCluster } from "./bench-cluster.ts";
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

const roundCount = 3;
const editsPerRound = 100;
const restMs = 30_000;

/** Edits `count` services beside as many healthy ones, and beside as many that fail in every known way. */
export async function measureNoisyNeighbours(bench: BenchCluster, count: number): Promise<readonly Figure[]> {
  const { cluster, namespace } = bench;
  const edited = serviceNames(count, "edited");
  const healthyOnes = serviceNames(count, "healthy");
  const stuckOnes = serviceNames(count, "stuck");
  const taken = stuckOnes.filter((_, index) => troubleOf(index).taken === true);
  await forEach(taken, 1, (name) =>
    cluster.rest.request("POST", `/api/v1/namespaces/${namespace}/services`, namesake(namespace, name)),
  );
  const operator = await runOperator(cluster, [], bench.profileTo);
  bench.operator = operator;
  await using services = await follow(cluster, serviceType, (object) => ({
    name: object.metadata.name,
    ready: isReady(object),
    reason: readyReason(object),
  }));
  await createServices(cluster, namespace, edited);
  await services.when((all) => [...all].filter(({ ready }) => ready).length === count, "the services to be Ready");
  await using autoscalers = await followAutoscalers(bench);

  let to = 20;
  const edits = async (): Promise<readonly number[]> => {
    await untilQuiet(cluster, operatorUser);
    const values: number[] = [];
    for (let edit = 0; edit < editsPerRound; edit++) {
      if (edit % count === 0) to = to === 20 ? 21 : 20;
      values.push(await editLatency(bench, autoscalers, edited[edit % count] ?? "", to));
    }
    return values;
  };
  const beside = async (
    others: readonly string[],
    specOf: (index: number) => object,
    reasonOf: (index: number) => string,
  ) => {
    await createServices(cluster, namespace, others, specOf);
    const reasons = new Map(others.map((name, index) => [name, reasonOf(index)]));
    await services.when(
      (all) => [...all].filter(({ name, reason }) => reason === reasons.get(name)).length === count,
      "the other services to reach their state",
    );
    const values = await edits();
    const cost = await atRest(bench, operator);
    await deleteServices(cluster, namespace, others);
    await services.when((all) => [...all].length === count, "the other services to be deleted");
    return { values, ...cost };
  };
  // The first edit of a child also adopts its fields, and is not compared.
  await edits();

  const rounds: Round[] = [];
  for (let round = 0; round < roundCount; round++) {
    const healthy = await beside(
      healthyOnes,
      () => ({}),
      () => "Serving",
    );
    const stuck = await beside(
      stuckOnes,
      (index) => troubleOf(index).spec,
      (index) => troubleOf(index).reason,
    );
    rounds.push({ healthy, stuck });
  }
  return figures(rounds, count);
}

type Measured = Awaited<ReturnType<typeof atRest>> & { readonly values: readonly number[] };
interface Round {
  readonly healthy: Measured;
  readonly stuck: Measured;
}

/** The operator's CPU time and requests while nothing changes. */
async function atRest({ cluster }: BenchCluster, operator: OperatorUnderTest) {
  await untilQuiet(cluster, operatorUser);
  const since = Date.now();
  const before = (await operator.metrics()).sum("process_cpu_seconds_total");
  await new Promise((resolve) => setTimeout(resolve, restMs));
  const cpuSeconds = (await operator.metrics()).sum("process_cpu_seconds_total") - before;
  return { cpuSeconds, requests: breakdown(requestsOf(cluster, operatorUser, since)) || "none" };
}

function figures(rounds: readonly Round[], count: number): readonly Figure[] {
  const of = (kind: keyof Round): readonly Figure[] => {
    const values = rounds.flatMap((round) => round[kind].values);
    const last = rounds.at(-1)?.[kind];
    const what = `edit to child of ${count} services beside ${count} ${kind === "healthy" ? "healthy ones" : "failing ones"}`;
    const note = `${rounds.length} × ${editsPerRound} edits`;
    return [
      { what: `${what}, p50`, value: percentile(values, 0.5), unit: "ms", note },
      { what: `${what}, p99`, value: percentile(values, 0.99), unit: "ms", note },
      {
        what: `${what}: CPU time at rest for ${restMs / 1000} s`,
        value: last?.cpuSeconds ?? Number.NaN,
        unit: "s",
        note: `requests: ${last?.requests}`,
      },
    ];
  };
  const ratios = rounds.map(({ healthy, stuck }) => percentile(stuck.values, 0.5) / percentile(healthy.values, 0.5));
  const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  const kinds = troubles.map(({ reason }) => reason).join(", ");
  const note = `p50 of each round, median; ${range}; failing with: ${kinds}`;
  return [
    ...of("healthy"),
    ...of("stuck"),
    { what: "ratio of beside failing ones to beside healthy ones", value: percentile(ratios, 0.5), unit: "×", note },
  ];
}
