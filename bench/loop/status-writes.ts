/** Counts the status writes of services under steady loads, in the audit log. */
import { setTimeout as pause } from "node:timers/promises";
import { breakdown, requestsOf, writes } from "../operator/requests.ts";
import { operatorUser, runOperator } from "../operator/operator-process.ts";
import { withBenchCluster } from "../operator/bench-cluster.ts";
import { createServices, serviceNames } from "../operator/services.ts";
import { loadShapes, reportAt } from "./load-shape.ts";
import { letPodsReport } from "./pods.ts";

/** The first minutes are not counted: a new service's first figures are always written. */
const settleMinutes = 3;
const replicas = 2;

/** Measures `count` services of each shape for `minutes`; returns a table and the operator's other writes. */
export async function measureStatusWrites(count: number, minutes: number): Promise<string> {
  const names = serviceNames(count * loadShapes.length);
  const shapeOf = (index: number) => loadShapes[index % loadShapes.length] ?? loadShapes[0];
  return withBenchCluster(names.length, undefined, async (bench) => {
    const { cluster, namespace } = bench;
    // Overrides the default of benchmarks: these pods can be reached.
    bench.operator = await runOperator(cluster, ["--utilization-interval=15s"]);
    await createServices(cluster, namespace, names, () => ({ monitoring: { dashboard: false } }));
    const begun = performance.now();
    const reporting = await letPodsReport(cluster, namespace, names.length * replicas, (service) => {
      const index = names.indexOf(service);
      const shape = shapeOf(index);
      if (shape === undefined) throw new Error("there are no shapes");
      return reportAt(shape, (performance.now() - begun) / 1_000, index / names.length, Math.random());
    });
    await pause(settleMinutes * 60_000);
    const since = Date.now();
    await pause(minutes * 60_000);
    const written = writes(requestsOf(cluster, operatorUser, since));
    reporting.close();
    const statuses = written.filter(({ objectRef }) => objectRef?.subresource === "status");
    const rows = loadShapes.map(({ name }, shape) => {
      const own = statuses.filter(
        ({ objectRef }) => names.indexOf(objectRef?.name ?? "") % loadShapes.length === shape,
      );
      const perHour = (own.length / count / minutes) * 60;
      return `| ${name} | ${count} | ${own.length} | ${perHour.toFixed(1)} |`;
    });
    return [
      `Writes of statuses in ${minutes} minutes, two pods per service, reports every 15 s; extrapolated to an hour:`,
      "",
      "| load | services | writes | per service and hour |",
      "| --- | --: | --: | --: |",
      ...rows,
      "",
      `All writes of the operator: ${breakdown(written)}`,
    ].join("\n");
  });
}
