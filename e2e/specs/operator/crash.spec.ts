/** An operator killed at any point while it creates a service's children leaves nothing that the next one cannot complete. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";
import { writtenPart } from "./written.ts";

/**
 * Without a Lease, so that the next operator need not wait until that of the killed one expires. With one request at a
 * time, so that each kill interrupts one write and not several in flight.
 */
const parameters = ["--no-leader-elect", "--max-requests-in-flight=1"];

/**
 * Number of services created in parallel, each in its own namespace and by its own operators. The writes are distributed
 * among them: each service's operators are killed after its share of the writes. Most of the time is spent starting operators.
 */
const lanes = 3;

describe("SIGKILL", () => {
  const laneOf = new Map<string, number>();

  it("after any write of a create leads to the same children and status", async () => {
    await using work = await Workspace.open(await operatorCluster());
    // Fills the compile cache, which operators that are killed early cannot do.
    const first = await work.startOperator();
    await first.end("SIGTERM");

    const outcomes = await Promise.allSettled(Array.from({ length: lanes }, (_, lane) => killed(lane)));
    const results = outcomes.map((outcome) => {
      if (outcome.status === "rejected") throw outcome.reason;
      return outcome.value;
    });
    const kills = results.flatMap((result) => result.kills);
    const { children } = results[0] ?? assert.fail();

    const creates = kills.filter((kill) => kill.startsWith("create ") && kill !== "create events");
    assert.equal(creates.length, children, kills.join(", "));
    assert.ok(kills.includes("patch gpumediaservices"), kills.join(", "));
  });

  /** Returns the writes after which operators were killed until the service was ready, and its number of children. */
  async function killed(lane: number): Promise<{ readonly kills: readonly string[]; readonly children: number }> {
    await using work = await Workspace.open(await operatorCluster());
    const { proxy, kubeconfig } = await work.startFaultProxy();
    let victim: OperatorProcess | undefined;
    const kills: string[] = [];
    proxy.onWrite(async ({ request }) => {
      const write = `${request.verb} ${request.resource}`;
      if (!laneOf.has(write)) laneOf.set(write, laneOf.size % lanes);
      if (victim === undefined || request.namespace !== work.namespace || laneOf.get(write) !== lane) return;
      // The API server has completed the write, and the operator never gets the response.
      const doomed = victim;
      victim = undefined;
      kills.push(write);
      await doomed.end("SIGKILL");
    });

    const { metadata } = await work.apply("killed", {});
    const patience = { withinMs: 240_000, everyMs: 200 };
    const ready = work.untilCondition("killed", "Ready", { status: "True" }, patience).then(() => "ready");
    for (let outcome = ""; outcome !== "ready";) {
      victim = await work.launchOperator({ kubeconfig, parameters });
      outcome = await Promise.race([victim.exited, ready]);
    }
    // The write that made the service ready may have killed the last operator.
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
    // Nothing was created twice or deleted again.
    const own = work.writes().filter(({ objectRef }) => objectRef?.namespace === work.namespace);
    const created = own.filter(({ verb, responseStatus }) => verb === "create" && responseStatus?.code === 201);
    const createdChildren = created.filter(({ objectRef }) => objectRef?.resource !== "events");
    assert.equal(createdChildren.length, children.length + spared.length);
    assert.deepEqual(
      own.filter(({ verb }) => verb === "delete"),
      [],
    );
    return { kills, children: children.length };
  }
});

async function conditions(work: Workspace, name: string): Promise<readonly object[]> {
  const service = (await work.service(name)) ?? assert.fail(`service ${name} does not exist`);
  return (service.status?.conditions ?? [])
    .filter(({ type }) => type === "Ready" || type === "Available" || type === "GpuCapacity")
    .map(({ type, status, reason }) => ({ type, status, reason }));
}

/** Removes what differs between two services of different names. */
function comparable(child: KubeObject): unknown {
  const text = JSON.stringify(writtenPart(child));
  return JSON.parse(text.replaceAll(/killed|spared/g, "NAME").replaceAll(/gpumedia-[\w-]{16}/g, "UID")) as unknown;
}
