/** The operator is killed again and again while it makes a service's children: what comes out is what always comes out. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { startFaultProxy } from "../../faults/proxy.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

/**
 * Without a Lease, so that the next one need not wait for that of the killed one: who leads is another spec's. With one
 * request at a time, so that each life ends after one write and not after a few that were under way together.
 */
const parameters = ["--no-leader-elect", "--max-requests-in-flight=1"];

/**
 * So many services are created side by side, each in a namespace and by operators of its own. Every write that a create
 * takes is that of one of them, after which its operators are killed: to start operators is what takes the time.
 */
const lanes = 3;

describe("SIGKILL", function () {
  this.timeout(180_000);
  const laneOf = new Map<string, number>();

  it("after each write of a create leads to the same end", async () => {
    await using work = await Workspace.open(await operatorCluster());
    // What it has compiled is there for all that are killed before they can leave anything.
    const first = await work.startOperator();
    await first.end("SIGTERM");

    const outcomes = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => killed(lane)));
    const ends = outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    const kills = ends.flatMap((end) => end.kills);
    const { children } = ends[0] ?? assert.fail();

    const creates = kills.filter((kill) => kill.startsWith("create ") && kill !== "create events");
    assert.equal(creates.length, children, kills.join(", "));
    assert.ok(kills.includes("patch gpumediaservices"), kills.join(", "));
  });

  /** After which writes operators were killed until the service was ready, and how many children it has. */
  async function killed(lane: number): Promise<{ readonly kills: readonly string[]; readonly children: number }> {
    await using work = await Workspace.open(await operatorCluster());
    await using proxy = await startFaultProxy(await loadConnection({ kubeconfig: await work.operatorKubeconfig() }));
    const kubeconfig = join(work.cluster.directory, `${work.operatorNamespace}.proxy.kubeconfig`);
    await proxy.writeKubeconfig(kubeconfig);
    let victim: OperatorProcess | undefined;
    const kills: string[] = [];
    proxy.onWrite(async ({ request }) => {
      const write = `${request.verb} ${request.resource}`;
      if (!laneOf.has(write)) laneOf.set(write, laneOf.size % lanes);
      if (victim === undefined || request.namespace !== work.namespace || laneOf.get(write) !== lane) return;
      // The API server has done it, and the operator never hears of it.
      const doomed = victim;
      victim = undefined;
      kills.push(write);
      await doomed.end("SIGKILL");
    });

    const { metadata } = await work.apply("killed", {});
    const patience = { withinMs: 120_000, everyMs: 200 };
    const ready = work.untilCondition("killed", "Ready", { status: "True" }, patience).then(() => "ready");
    for (let how = ""; how !== "ready";) {
      victim = await work.launchOperator({ kubeconfig, parameters });
      how = await Promise.race([victim.ended, ready]);
    }
    // The last one may have been killed by what made the service ready.
    const last = victim;
    victim = undefined;
    await last?.end("SIGKILL");
    await work.launchOperator({ kubeconfig, parameters });

    await work.apply("spared", {});
    await work.untilReady("killed");
    await work.untilReady("spared");
    const [children, spared] = [await work.children("killed"), await work.children("spared")];
    assert.deepEqual(children.map(comparable), spared.map(comparable));
    for (const child of children) assert.equal(child.metadata.ownerReferences?.[0]?.uid, metadata.uid);
    assert.deepEqual(await conditions(work, "killed"), await conditions(work, "spared"));
    // Nothing was made twice, and nothing had to be taken back.
    const own = work.writes().filter(({ objectRef }) => objectRef?.namespace === work.namespace);
    const made = own.filter(({ verb, responseStatus }) => verb === "create" && responseStatus?.code === 201);
    const madeChildren = made.filter(({ objectRef }) => objectRef?.resource !== "events");
    assert.equal(madeChildren.length, children.length + spared.length);
    assert.deepEqual(
      own.filter(({ verb }) => verb === "delete"),
      [],
    );
    return { kills, children: children.length };
  }
});

async function conditions(work: Workspace, name: string): Promise<readonly object[]> {
  const service = (await work.service(name)) ?? assert.fail(`there is no ${name}`);
  return (service.status?.conditions ?? [])
    .filter(({ type }) => type === "Ready" || type === "Available" || type === "GpuCapacity")
    .map(({ type, status, reason }) => ({ type, status, reason }));
}

/** Without what differs between two services of different names. */
function comparable(child: KubeObject): unknown {
  const { kind, metadata, ...rest } = child;
  const { status: _status, apiVersion, ...contents } = rest as { status?: unknown; apiVersion: string; spec?: object };
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = (contents.spec ?? {}) as Record<string, unknown>;
  const { "deployment.kubernetes.io/revision": _revision, ...annotations } = metadata.annotations ?? {};
  const text = JSON.stringify({
    kind,
    apiVersion,
    name: metadata.name,
    labels: metadata.labels,
    annotations,
    ...contents,
    spec,
  });
  return JSON.parse(text.replaceAll(/killed|spared/g, "NAME").replaceAll(/gpumedia-[\w-]{16}/g, "UID")) as unknown;
}
