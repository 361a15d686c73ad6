/**
 * Services that are as they should be cost the API server nothing but watches. STEADY_SECONDS says for how long that is
 * looked at: 10 by default, 60 in the benchmark.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { serviceType, type StoredService } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import type { AuditEvent } from "../../cluster/audit.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { Workspace } from "./workspace.ts";

const services = 100;
const seconds = Number(process.env.STEADY_SECONDS ?? 10);
const atOnce = 10;
/** So that the pods of kwok's nodes, which report nothing, are known to be silent before long. */
const parameters = ["--utilization-interval=2s"];

describe("a hundred services that are as they should be", function () {
  this.timeout(240_000 + 2_000 * seconds);
  let work: Workspace;
  let operator: OperatorProcess;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    operator = await work.startOperator({ parameters });
    const names = Array.from({ length: services }, (_, index) => `service-${index}`);
    for (let first = 0; first < services; first += atOnce) {
      await Promise.all(names.slice(first, first + atOnce).map((name) => work.apply(name)));
    }
    await until("all that can be said of them to be said", untilSettled, { withinMs: 180_000, everyMs: 500 });
  });
  after(() => work?.[Symbol.asyncDispose]());

  /** They serve, the autoscaler's controller has looked at each, and so has the operator at what their pods report. */
  async function untilSettled(): Promise<true | undefined> {
    const { items } = await work.client.list(serviceType, { namespace: work.namespace });
    const settled = (items as readonly StoredService[]).every(({ status }) => {
      const reasons = new Set(status?.conditions?.map(({ reason }) => reason));
      return ["Serving", "ApiMissing", "PodsSilent"].every((reason) => reasons.has(reason));
    });
    return settled ? true : undefined;
  }

  async function statuses(): Promise<readonly unknown[]> {
    const { items } = await work.client.list(serviceType, { namespace: work.namespace });
    return (items as readonly StoredService[]).map(({ status }) => status);
  }

  /** How many visits the operator has ended. */
  async function visits(): Promise<number> {
    const { metrics = "" } = await operator.says("connecting");
    const text = await (await fetch(`${metrics}/metrics`)).text();
    const lines = text.split("\n").filter((line) => /^controller_runtime_reconcile_total.*gpumediaservice/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  it(`are not written for ${seconds} s`, async () => {
    const since = Date.now();
    await delay(seconds * 1_000);
    assert.deepEqual(told(work.writes(since)), []);
    // The log does see what the operator does, and it is alive.
    const lease = { user: work.operatorUser, resource: "leases", verb: "update", since };
    assert.ok(work.cluster.audit.requests(lease).length >= Math.floor(seconds / 5));
  });

  it("are not written when the operator starts again, nor read one by one", async () => {
    const before = await statuses();
    const { ended } = operator;
    operator.signal("SIGTERM");
    assert.equal(await ended, "exit 0");
    const since = Date.now();
    operator = await work.startOperator({ parameters });
    await until("a visit of each", async () => ((await visits()) >= services ? true : undefined));
    // What a write would say tells more than that there was one.
    assert.deepEqual(await statuses(), before);
    assert.deepEqual(told(work.writes(since)), []);
    const reads = work.cluster.audit.requests({ user: work.operatorUser, verb: ["get", "list"], since });
    const of = (verb: string): readonly AuditEvent[] =>
      reads.filter((event) => event.verb === verb && event.objectRef && event.objectRef.resource !== "leases");
    assert.deepEqual(told(of("get")), []);
    const kinds = new Set(of("list").map(({ objectRef }) => `${objectRef?.resource}.${objectRef?.apiGroup ?? ""}`));
    // One list of each kind, and another one of the ConfigMaps for the exporters' list of metrics.
    assert.equal(of("list").length, kinds.size + 1, told(of("list")).join("\n"));
  });
});

function told(writes: readonly AuditEvent[]): readonly string[] {
  return writes.map(({ verb, requestURI }) => `${verb} ${requestURI}`);
}
