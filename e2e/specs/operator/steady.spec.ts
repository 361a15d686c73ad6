/**
 * Services at rest cause no requests except watches. STEADY_SECONDS is the duration of the observation, STEADY_SERVICES
 * their number: 10 and 30 by default, 60 and 100 for a measurement.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { serviceType, type StoredService } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import type { AuditEvent } from "../../cluster/audit.ts";
import { until } from "../../cluster/until.ts";
import { streamsByDefault } from "../list-requests.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

const services = Number(process.env.STEADY_SERVICES ?? 30);
const seconds = Number(process.env.STEADY_SECONDS ?? 10);
const atOnce = 10;
/** Short, so that the status soon reports the pods of kwok's nodes as silent. */
const parameters = ["--utilization-interval=2s"];

describe(`${services} services at rest`, function () {
  this.timeout(300_000 + 2_000 * seconds);
  const work = operatorWorkspace("suite", { parameters });

  before(async () => {
    const names = Array.from({ length: services }, (_, index) => `service-${index}`);
    for (let first = 0; first < services; first += atOnce) {
      await Promise.all(names.slice(first, first + atOnce).map((name) => work.apply(name)));
    }
    // Set by the operator, the HPA controller and the collector of reports.
    const lasting = ["Serving", "ApiMissing", "PodsSilent"];
    const areSettled = async (): Promise<boolean> =>
      (await statuses()).every((status) => {
        const reasons = status?.conditions?.map(({ reason }) => reason);
        return lasting.every((reason) => reasons?.includes(reason));
      });
    await until(`every service to have ${lasting.join(", ")}`, areSettled, { withinMs: 180_000, everyMs: 500 });
    // The events of the last conditions follow them, later on a busy machine.
    await work.untilQuiet();
  });

  async function statuses(): Promise<readonly StoredService["status"][]> {
    const { items } = await work.client.list(serviceType, { namespace: work.namespace });
    return (items as readonly StoredService[]).map(({ status }) => status);
  }

  /** Number of completed reconciles. */
  async function reconciles(): Promise<number> {
    const { metrics = "" } = await work.operator.untilLogged("connecting");
    const text = await (await fetch(`${metrics}/metrics`)).text();
    const lines = text.split("\n").filter((line) => /^controller_runtime_reconcile_total.*gpumediaservice/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  it(`are not written for ${seconds} s`, async () => {
    const since = Date.now();
    await delay(seconds * 1_000);
    assert.deepEqual(requestsOf(work.writes(since)), []);
    // Proves that the audit log records the operator's requests and that the operator is alive.
    await work.cluster.audit.waitFor({ user: work.operatorUser, resource: "leases", verb: "update", since });
  });

  it("are neither written nor read one by one when the operator restarts", async () => {
    const before = await statuses();
    assert.equal(await work.operator.end("SIGTERM"), "exit 0");
    const since = Date.now();
    await work.startOperator({ parameters });
    await until(`${services} reconciles`, async (see) => see(await reconciles()) >= services);
    // Compared first: a different status shows the cause of a write.
    assert.deepEqual(await statuses(), before);
    assert.deepEqual(requestsOf(work.writes(since)), []);
    const reads = (): readonly AuditEvent[] =>
      work.cluster.audit
        .requests({ user: work.operatorUser, verb: ["get", "list", "watch"], since })
        .filter(({ objectRef }) => objectRef && objectRef.resource !== "leases");
    const isStream = ({ requestURI }: AuditEvent): boolean => requestURI.includes("sendInitialEvents=true");
    const streams = (): readonly AuditEvent[] => reads().filter(isStream);
    // One of each kind, and further ones of failed pods, of the ConfigMap for the exporters, and of shared rules and
    // shared dashboards in the services' namespace and in the operator's. The log has a read a moment after its answer.
    const excess = (): number => {
      const kinds = streams().map(({ objectRef }) => `${objectRef?.resource}.${objectRef?.apiGroup ?? ""}`);
      return kinds.length - new Set(kinds).size - 6;
    };
    await until("all lists in the audit log", (see) => see(excess()) >= 0);
    assert.equal(excess(), 0, requestsOf(streams()).join("\n"));
    const others = reads().filter((event) => !isStream(event));
    if (streamsByDefault) return assert.deepEqual(requestsOf(others), []);
    // Each stream was refused: a list in one page and a watch follow.
    const { get = [], list = [] } = Object.groupBy(others, ({ verb }) => verb);
    assert.deepEqual(requestsOf(get), []);
    assert.ok(list.length <= streams().length, requestsOf(list).join("\n"));
  });
});

function requestsOf(events: readonly AuditEvent[]): readonly string[] {
  return events.map(({ verb, requestURI }) => `${verb} ${requestURI}`);
}
