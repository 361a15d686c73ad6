/** How often the status of a service is written while its load goes on as it does, counted from the audit log. */
import { setTimeout as pause } from "node:timers/promises";
import { breakdown, requestsOf, writes } from "../operator/requests.ts";
import { operatorUser, runOperator } from "../operator/operator-process.ts";
import { withRoom } from "../operator/room.ts";
import { createServices, serviceNames } from "../operator/services.ts";
import { loadShapes, reportAt } from "./load-shape.ts";
import { letPodsReport } from "./pods.ts";

/** The first minutes are those of new services, whose first figures are news. */
const settleMinutes = 3;
const replicas = 2;

/** `count` services of each shape, watched for so many minutes; prints a table and whatever else was written. */
export async function measureStatusWrites(count: number, minutes: number): Promise<string> {
  const names = serviceNames(count * loadShapes.length);
  const shapeOf = (index: number) => loadShapes[index % loadShapes.length] ?? loadShapes[0];
  return withRoom(names.length, undefined, async (room) => {
    const { cluster, namespace } = room;
    // The last flag wins: here pods have addresses that lead to somebody.
    room.operator = await runOperator(cluster, ["--utilization-interval=15s"]);
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
      `Writes of statuses in ${minutes} minutes, two pods a service, asked every 15 s; the hour is extrapolated:`,
      "",
      "| load | services | writes | per service and hour |",
      "| --- | --: | --: | --: |",
      ...rows,
      "",
      `All that the operator wrote: ${breakdown(written)}`,
    ].join("\n");
  });
}
