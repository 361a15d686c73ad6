/** Two operators, one Lease: only the leader writes, the standby takes over, and an operator that loses the Lease exits. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { LeaseSpec } from "@gpumedia/operator/src/runtime/leader-lease.ts";
import type { FaultProxy } from "../../faults/proxy.ts";
import { isWrite, type ApiRequest } from "../../faults/request.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import type { OperatorProcess } from "./operator-process.ts";

/** The operator's default: a process that a busy machine does not run for some seconds would lose a shorter Lease. */
const leaseDurationMs = 15_000;

/** The operator goes on after what ends its process. */
const withoutExit = "--import=data:text/javascript,process.exit=()=>{}";

/** An operator behind its own proxy, which records every request. */
interface Candidate {
  readonly operator: OperatorProcess;
  readonly proxy: FaultProxy;
  /** Its write requests, failed ones included, except for those on the Lease. */
  writes(): readonly ApiRequest[];
}

describe("two operators", () => {
  const work = operatorWorkspace("test", { operator: false });

  async function candidate(nodeParameters: readonly string[] = []): Promise<Candidate> {
    const { proxy, kubeconfig } = await work.startFaultProxy();
    const operator = await work.launchOperator({ kubeconfig, nodeParameters });
    const writes = (): readonly ApiRequest[] =>
      proxy.requests.filter((request) => isWrite(request) && request.resource !== "leases");
    return { operator, proxy, writes };
  }

  async function startTwo(
    nodeParametersOfLeader: readonly string[] = [],
  ): Promise<{ leader: Candidate; standby: Candidate }> {
    const leader = await candidate(nodeParametersOfLeader);
    await leader.operator.untilLogged("leading");
    const standby = await candidate();
    await standby.operator.untilLogged("standing by");
    return { leader, standby };
  }

  async function lease(): Promise<LeaseSpec> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${work.operatorNamespace}/leases/gpumedia-operator`;
    return ((await work.client.rawJson("GET", path)).body as { readonly spec: LeaseSpec }).spec;
  }

  /** Removes the labels of these Services, which the leader repairs. */
  async function drift(...names: readonly string[]): Promise<void> {
    for (const name of names)
      await work.patch(childKinds.service.type, name, [{ op: "add", path: "/metadata/labels", value: {} }]);
  }

  async function untilRepaired(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await until(`the labels of Service ${name} to be repaired`, async (see) => {
        const { metadata } = await work.child("service", name);
        return see(metadata.labels)?.["gpumedia.io/service"];
      });
    }
  }

  it("write only as the leader: the standby only watches", async () => {
    const { leader, standby } = await startTwo();
    await work.apply("upscaler");
    await work.untilReady("upscaler");
    await drift("upscaler");
    await untilRepaired("upscaler");
    assert.deepEqual(standby.writes(), []);
    assert.ok(leader.writes().length > 0);
    await until("the standby to keep its caches current", (see) => see(standby.proxy.openWatches) > 10);
    const { health = "" } = await standby.operator.untilLogged("connecting");
    await until("the standby to be ready", async (see) => see((await fetch(`${health}/readyz`)).status) === 200);
  });

  // leader.test.ts has the time that it takes, on a clock that no busy machine slows down.
  it("fail over once the Lease of a dead leader has expired, and not before: the leader might only be slow", async () => {
    const { leader, standby } = await startTwo();
    await work.apply("before");
    await work.untilReady("before");
    await leader.operator.end("SIGKILL");
    const { renewTime = "" } = await lease();
    await work.apply("meanwhile");
    await drift("before");
    await standby.operator.untilLogged("leading");
    await work.untilReady("meanwhile");
    await untilRepaired("before");
    const { acquireTime = "" } = await lease();
    const passedMs = Date.parse(acquireTime) - Date.parse(renewTime);
    assert.ok(passedMs >= leaseDurationMs, `taken ${passedMs} ms after the last renewal`);
  });

  it("a leader resumed after its renew deadline writes nothing and exits", async () => {
    const { leader, standby } = await startTwo();
    const names = ["one", "two", "three"];
    for (const name of names) await work.apply(name);
    for (const name of names) await work.untilReady(name);
    leader.operator.signal("SIGSTOP");
    // The leader receives these events once it is resumed.
    await drift(...names);
    await work.apply("four");
    await standby.operator.untilLogged("leading");
    await untilRepaired(...names);
    await work.untilReady("four");
    await drift(...names);
    const before = leader.writes().length;
    const { exited } = leader.operator;
    leader.operator.signal("SIGCONT");
    assert.equal(await exited, "exit 1");
    assert.deepEqual(leader.writes().slice(before), []);
    assert.ok(leader.operator.log.some(({ msg }) => msg.includes("lost the Lease")));
    await untilRepaired(...names);
  });

  it("a resumed leader that goes on reconciling writes nothing", async () => {
    const { leader, standby } = await startTwo([withoutExit]);
    await work.apply("upscaler");
    await work.untilReady("upscaler");
    leader.operator.signal("SIGSTOP");
    await standby.operator.untilLogged("leading");
    const before = leader.writes().length;
    leader.operator.signal("SIGCONT");
    await leader.operator.untilLogged("lost the Lease");
    // Its watches report these to both operators.
    await until("the resumed leader to attempt writes", async (see) => {
      await drift("upscaler");
      const refused = leader.operator.log.filter(({ msg }) => msg === "reconcile stopped early");
      return see(refused.length) > 2;
    });
    await untilRepaired("upscaler");
    assert.deepEqual(leader.writes().slice(before), []);
    assert.ok(before > 0);
  });

  it("a leader that cannot renew stops writing before the standby leads", async () => {
    const { leader, standby } = await startTwo();
    await work.apply("upscaler");
    await work.untilReady("upscaler");
    leader.proxy.inject({ kind: "hang" }, { resource: "leases" }, Infinity);
    const { exited } = leader.operator;
    // Gives the leader something to write all the time, less often than what it takes for another controller's writes.
    const edit = async (): Promise<number | undefined> => {
      await drift("upscaler");
      const led = standby.operator.log.some(({ msg }) => msg === "leading");
      return led ? leader.writes().length : undefined;
    };
    const taken = await until("the standby to lead", edit, { everyMs: 1_000 });
    assert.equal(await exited, "exit 1");
    assert.deepEqual(leader.writes().slice(taken), []);
    await drift("upscaler");
    await untilRepaired("upscaler");
  });

  it("a leader exits when another holder takes the Lease", async () => {
    const leader = await candidate();
    await leader.operator.untilLogged("leading");
    const { exited } = leader.operator;
    const path = `/apis/coordination.k8s.io/v1/namespaces/${work.operatorNamespace}/leases/gpumedia-operator`;
    await work.mergePatch(path, { spec: { holderIdentity: "another" } });
    assert.equal(await exited, "exit 1");
  });
});
